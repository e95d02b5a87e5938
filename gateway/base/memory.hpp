#pragma once

#include <new>

namespace vitalgate {

/// What operator new does where it finds none: for a library that found none and tells of it in its
/// own way, with what it was to do left undone. In the daemon this ends the process; without a
/// handler (`std::set_new_handler`) it does nothing.
inline void reportNoMemory() {
    if (const auto handler = std::get_new_handler()) handler();
}

}  // namespace vitalgate
