#pragma once

#include <string>

#include "gateway/base/bytes.hpp"

namespace vitalgate {

inline constexpr std::size_t kKeyOctets = 32;

/// ErrorKind::invalid for another length or only zeros.
Status checkKeyOctets(ByteView octets);

/// Who may own a key file: whoever runs this (or root), or, if root looks at it for somebody else,
/// anybody.
enum class KeyOwner { self, anybody };

/// The octets of a key file: a regular file (no symbolic link), ours or root's, with mode 0400 or
/// 0600; 0440 is accepted from root:root alone, which is how systemd hands out credentials. The
/// caller wipes them. ErrorKind::notFound if there is none; `authentication` if others could have
/// read it; `invalid` as above; if it cannot be read, that of kindOfReadErrno.
Result<Bytes> readKeyOctets(const std::string& path, KeyOwner owner = KeyOwner::self);

}  // namespace vitalgate
