#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/crypto/secret_key.hpp"

namespace vitalgate::crypto {

/// Before anything else of this folder, at the start of the program and of each test; calling it
/// again is harmless. Fails only where the kernel gives no random numbers.
Status initialise();

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView bytes);
Digest hmacSha256(const SecretKey& key, ByteView bytes);

void fillRandom(std::span<std::uint8_t> out);

template <std::size_t size>
std::array<std::uint8_t, size> randomOctets() {
    std::array<std::uint8_t, size> out{};
    fillRandom(out);
    return out;
}

/// Overwrites with zeros; the compiler cannot leave it out.
void wipe(std::span<std::uint8_t> secret);

/// Takes the same time wherever the two differ. Different lengths are different.
bool equalInConstantTime(ByteView left, ByteView right);

/// RFC 4648 with padding, standard alphabet.
std::string toBase64(ByteView bytes);
/// Refuses any character outside the alphabet, wrong padding, and texts over 64 KiB.
Result<Bytes> fromBase64(std::string_view text);

/// What seal() adds to the length: nonce and tag.
inline constexpr std::size_t kSealOverhead = 24 + 16;

/// XChaCha20-Poly1305 (IETF) with a random nonce: nonce, cipher text, tag. `associated` is not in
/// the result but open() wants the same.
Bytes seal(const SecretKey& key, ByteView plain, ByteView associated);
/// ErrorKind::damaged if key, associated data or any bit differs.
Result<Bytes> open(const SecretKey& key, ByteView sealed, ByteView associated);

using PublicKey = std::array<std::uint8_t, 32>;  ///< Ed25519 (RFC 8032)
using Signature = std::array<std::uint8_t, 64>;

/// The public half of the key pair that grows from this seed.
PublicKey publicKeyOf(const SecretKey& seed);
Signature sign(const SecretKey& seed, ByteView message);
/// False for a wrong signature, also one of wrong length, and for a weak or ill-formed key.
bool verify(ByteView publicKey, ByteView message, ByteView signature);

}  // namespace vitalgate::crypto
