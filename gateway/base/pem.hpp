#pragma once

#include <string>

#include "gateway/base/error.hpp"

namespace vitalgate {

/// The text of a PEM file (certificates, a key, a revocation list): a file of at most 4 MiB in
/// which something begins. What it is, only a library of cryptography can tell.
/// ErrorKind::invalid if it is none; that of kindOfReadErrno if it cannot be read.
Result<std::string> readPemFile(const std::string& path);

}  // namespace vitalgate
