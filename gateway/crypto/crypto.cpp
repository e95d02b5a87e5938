#include "gateway/crypto/crypto.hpp"

#include <sodium.h>

#include <algorithm>

namespace vitalgate::crypto {

namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kMaximumBase64 = 64 * 1024;

static_assert(kSealOverhead == kNonce + kTag);
static_assert(SecretKey::kSize == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(SecretKey::kSize == crypto_auth_hmacsha256_KEYBYTES);
static_assert(SecretKey::kSize == crypto_sign_SEEDBYTES);
static_assert(sizeof(Digest) == crypto_hash_sha256_BYTES);
static_assert(sizeof(PublicKey) == crypto_sign_PUBLICKEYBYTES);
static_assert(sizeof(Signature) == crypto_sign_BYTES);

/// libsodium's own form of an Ed25519 key: seed and public key. Wiped.
struct SigningKey {
    explicit SigningKey(const SecretKey& seed) {
        crypto_sign_seed_keypair(publicKey.data(), octets.data(), seed.octets().data());
    }
    SigningKey(const SigningKey&) = delete;
    SigningKey& operator=(const SigningKey&) = delete;
    ~SigningKey() { sodium_memzero(octets.data(), octets.size()); }

    PublicKey publicKey{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> octets{};
};

}  // namespace

Status initialise() {
    if (sodium_init() < 0) {
        return fail(ErrorKind::internal,
                    "libsodium does not start: the kernel gives no random "
                    "numbers");
    }
    return {};
}

Digest sha256(ByteView bytes) {
    Digest digest{};
    crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
    return digest;
}

Digest hmacSha256(const SecretKey& key, ByteView bytes) {
    Digest digest{};
    crypto_auth_hmacsha256(digest.data(), bytes.data(), bytes.size(), key.octets().data());
    return digest;
}

void fillRandom(std::span<std::uint8_t> out) {
    randombytes_buf(out.data(), out.size());
}

void wipe(std::span<std::uint8_t> secret) {
    sodium_memzero(secret.data(), secret.size());
}

bool equalInConstantTime(ByteView left, ByteView right) {
    return left.size() == right.size() &&
           (left.empty() || sodium_memcmp(left.data(), right.data(), left.size()) == 0);
}

std::string toBase64(ByteView bytes) {
    constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
    std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
    text.pop_back();  // its terminator
    return text;
}

Result<Bytes> fromBase64(std::string_view text) {
    if (text.size() > kMaximumBase64) {
        return fail(ErrorKind::invalid, "base64 longer than {} characters", kMaximumBase64);
    }
    Bytes bytes(text.size() / 4 * 3 + 3);
    std::size_t size = 0;
    const char* end = nullptr;
    const int result = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(),
                                         nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL);
    if (result != 0 || end != text.data() + text.size()) {
        return fail(ErrorKind::invalid, "not base64: use A-Z a-z 0-9 + / and pad with =");
    }
    bytes.resize(size);
    return bytes;
}

Bytes seal(const SecretKey& key, ByteView plain, ByteView associated) {
    Bytes sealed(kNonce + plain.size() + kTag);
    fillRandom(std::span(sealed).first(kNonce));
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + kNonce, nullptr, plain.data(),
                                               plain.size(), associated.data(), associated.size(),
                                               nullptr, sealed.data(), key.octets().data());
    return sealed;
}

Result<Bytes> open(const SecretKey& key, ByteView sealed, ByteView associated) {
    const auto refuse = [] {
        return fail(ErrorKind::damaged, "sealed data do not open: another key, or changed");
    };
    if (sealed.size() < kSealOverhead) return refuse();
    Bytes plain(sealed.size() - kSealOverhead);
    const auto rest = sealed.subspan(kNonce);
    const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain.data(), nullptr, nullptr, rest.data(), rest.size(), associated.data(),
        associated.size(), sealed.data(), key.octets().data());
    if (result != 0) return refuse();
    return plain;
}

PublicKey publicKeyOf(const SecretKey& seed) {
    return SigningKey(seed).publicKey;
}

Signature sign(const SecretKey& seed, ByteView message) {
    const SigningKey key(seed);
    Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                         key.octets.data());
    return signature;
}

bool verify(ByteView publicKey, ByteView message, ByteView signature) {
    return publicKey.size() == sizeof(PublicKey) && signature.size() == sizeof(Signature) &&
           crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                       publicKey.data()) == 0;
}

}  // namespace vitalgate::crypto
