#include "gateway/crypto/secret_key.hpp"

#include <sodium.h>

#include <algorithm>

namespace vitalgate::crypto {

Result<SecretKey> SecretKey::fromBytes(ByteView bytes) {
    if (const auto checked = checkKeyOctets(bytes); !checked) {
        return std::unexpected(checked.error());
    }
    SecretKey key;
    std::ranges::copy(bytes, key.octets_.begin());
    return key;
}

SecretKey SecretKey::random() {
    SecretKey key;
    randombytes_buf(key.octets_.data(), key.octets_.size());
    return key;
}

bool SecretKey::isSet() const {
    return sodium_is_zero(octets_.data(), octets_.size()) == 0;
}

void SecretKey::wipe() {
    sodium_memzero(octets_.data(), octets_.size());
}

}  // namespace vitalgate::crypto
