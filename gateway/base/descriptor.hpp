#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "gateway/base/error.hpp"

namespace vitalgate {

/// An open file, closed in the end. Below 0: there is none.
struct Descriptor {
    explicit Descriptor(int number) : value(number) {}
    Descriptor(Descriptor&& other) noexcept : value(std::exchange(other.value, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (value >= 0) ::close(value);
    }
    int value;
};

/// What an error number of a write means: full for want of room, else unavailable.
inline ErrorKind kindOfErrno(int number) {
    return number == ENOSPC || number == EDQUOT ? ErrorKind::full : ErrorKind::unavailable;
}

}  // namespace vitalgate
