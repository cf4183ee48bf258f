#pragma once

#include "farebench/strategy.hpp"

namespace farebench {

// The strategies. Each function is a strategy::run; the registry in strategy.cpp makes objects of them.

void run_sequential(const batch& work, const outcome_sink& sink);
void run_thread_pool(const batch& work, const outcome_sink& sink);
void run_fibers(const batch& work, const outcome_sink& sink);
void run_coroutines(const batch& work, const outcome_sink& sink);
void run_multi_socket(const batch& work, const outcome_sink& sink);
void run_multi_poll(const batch& work, const outcome_sink& sink);

}  // namespace farebench
