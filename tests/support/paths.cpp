#include "tests/support/paths.hpp"

namespace vitalgate::testing {

std::string sourceFolder() {
    return VITALGATE_SOURCE_DIR;
}

std::string programFolder() {
    return VITALGATE_BIN_DIR;
}

}  // namespace vitalgate::testing
