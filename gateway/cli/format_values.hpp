#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vitalgate/v1/reading.pb.h"

namespace vitalgate::cli {

/// "128/82 mmHg, mean 97 mmHg, pulse 71 /min", "36.6 °C".
std::string formatValues(const v1::Reading& reading);

/// What else there is to say: status words, whose slot, how the value came about.
std::vector<std::string> formatRemarks(const v1::Reading& reading);

/// "mm[Hg]" (UCUM) as people write it: "mmHg".
std::string_view unitForPeople(std::string_view ucum);

/// A word of the vocabulary as people write it: "irregular-pulse" is "irregular pulse".
std::string spaced(std::string_view word);

}  // namespace vitalgate::cli
