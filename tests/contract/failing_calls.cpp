#include "tests/contract/failing_calls.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>

namespace {

/// Which calls of one function are to fail.
struct call_plan {
  std::atomic<std::size_t> calls = 0;
  std::atomic<std::size_t> first = 0;  // 0: none
  std::atomic<std::size_t> count = 0;
  std::atomic<std::size_t> failed = 0;

  bool fails() {
    const std::size_t from = first;
    const std::size_t call = ++calls;
    if (from == 0 || call < from || call - from >= count) return false;
    ++failed;
    return true;
  }
};

call_plan pthread_create_plan;
call_plan epoll_create1_plan;
call_plan epoll_ctl_plan;
call_plan curl_easy_init_plan;
call_plan* planned = nullptr;

call_plan& plan_of(std::string_view function) {
  if (function == "pthread_create") return pthread_create_plan;
  if (function == "epoll_create1") return epoll_create1_plan;
  if (function == "epoll_ctl") return epoll_ctl_plan;
  if (function == "curl_easy_init") return curl_easy_init_plan;
  throw std::invalid_argument{std::string{function}};
}

/// The function of that name in the library that has it: this program's own comes first.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
  static auto* const real = next<decltype(::pthread_create)>("pthread_create");
  return pthread_create_plan.fails() ? EAGAIN : real(thread, attributes, start, argument);
}

int epoll_create1(int flags) noexcept {
  static auto* const real = next<decltype(::epoll_create1)>("epoll_create1");
  if (!epoll_create1_plan.fails()) return real(flags);
  errno = EMFILE;
  return -1;
}

int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  static auto* const real = next<decltype(::epoll_ctl)>("epoll_ctl");
  if (operation == EPOLL_CTL_DEL || !epoll_ctl_plan.fails()) return real(epoll, operation, descriptor, event);
  errno = ENOSPC;
  return -1;
}

CURL* curl_easy_init(void) {
  static auto* const real = next<CURL*()>("curl_easy_init");
  return curl_easy_init_plan.fails() ? nullptr : real();
}

}  // extern "C"

namespace farebench::test {

failing_calls::failing_calls(std::string_view function, std::size_t first, std::size_t count) {
  planned = &plan_of(function);
  planned->calls = 0;
  planned->failed = 0;
  planned->count = count;
  planned->first = first;
}

failing_calls::~failing_calls() { planned->first = 0; }

std::size_t failing_calls::failed() const { return planned->failed; }

}  // namespace farebench::test
