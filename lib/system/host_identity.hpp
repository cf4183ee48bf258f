#pragma once

#include <string>

namespace farebench {

// Identities of a machine and of its network, without a name or an address. They hold until the machine boots
// again. Both are hashes that start from the kernel's boot ID (boot_id in proc(5)), written as hexadecimal
// digits. They are empty in a sandbox whose /proc has none.

/// Returns the identity of this machine: 8 digits. Its containers have the same one.
std::string machine_id();

/// Returns the identity of the network that this process uses: 16 digits. It differs between machines and
/// between network namespaces. A loopback address leads only to processes with the same identity.
std::string network_id();

}  // namespace farebench
