#pragma once

#include <fcntl.h>

#include "gateway/base/descriptor.hpp"

namespace vitalgate::store {

/// Takes SQLite's own lock of the whole file (https://www.sqlite.org/lockingv3.html) by a
/// descriptor that is not SQLite's, which holds it until it is closed. `type`: F_RDLCK keeps those
/// away that write, F_WRLCK everybody. False if somebody has it, or there is no file.
inline bool lockWhole(const Descriptor& file, short type) {
    struct flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000002;
    lock.l_len = 510;
    return file.value >= 0 && ::fcntl(file.value, F_OFD_SETLK, &lock) == 0;
}

}  // namespace vitalgate::store
