#pragma once

#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <vector>

namespace vitalgate::testing {

/// Every way in which `now` breaks what `released` promised, one sentence each: a message, field,
/// enum or value that is gone without being reserved; a number with another name, type, label or
/// oneof; a reserved number or name in use again. Additions are no breach.
std::vector<std::string> breaches(const google::protobuf::FileDescriptorSet& released,
                                  const google::protobuf::FileDescriptorSet& now);

}  // namespace vitalgate::testing
