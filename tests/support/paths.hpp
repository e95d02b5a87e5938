#pragma once

#include <string>

namespace vitalgate::testing {

/// The checkout that the tests belong to.
std::string sourceFolder();
/// Where the programs of this build are.
std::string programFolder();

}  // namespace vitalgate::testing
