#include "gateway/crypto/crypto.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace vitalgate;
using namespace vitalgate::crypto;

namespace {

/// HMAC and Ed25519 examples have shorter keys; HMAC fills them with zeros itself.
SecretKey keyOf(ByteView octets) {
    REQUIRE(initialise());
    Bytes padded(octets.begin(), octets.end());
    padded.resize(SecretKey::kSize);
    return SecretKey::fromBytes(padded).value();
}

SecretKey keyOf(std::string_view hex) {
    return keyOf(fromHex(hex).value());
}

}  // namespace

TEST_CASE("starting twice is harmless") {
    CHECK(initialise());
    CHECK(initialise());
}

TEST_CASE("a key has 32 octets, not all zero, and leaves nothing behind when moved") {
    CHECK_FALSE(SecretKey().isSet());
    CHECK(SecretKey::fromBytes(Bytes(31, 1)).error() ==
          Error{ErrorKind::invalid, "a key has 32 octets, this one has 31"});
    CHECK_FALSE(SecretKey::fromBytes(Bytes(33, 1)));
    CHECK(SecretKey::fromBytes(Bytes(32, 0)).error().kind == ErrorKind::invalid);

    auto key = SecretKey::fromBytes(Bytes(32, 7)).value();
    const auto moved = std::move(key);
    CHECK(asText(moved.octets()) == std::string(32, 7));
    CHECK_FALSE(key.isSet());  // NOLINT(bugprone-use-after-move): that it is wiped is the point
    const SecretKey copy = moved;
    CHECK(moved.isSet());
    CHECK(copy.isSet());
}

TEST_CASE("a key that goes out of life is wiped in its place") {
    alignas(SecretKey) std::array<std::uint8_t, sizeof(SecretKey)> place{};
    auto* key = new (place.data()) SecretKey(SecretKey::fromBytes(Bytes(32, 7)).value());
    CHECK(place[0] == 7);
    key->~SecretKey();
    CHECK(place == std::array<std::uint8_t, sizeof(SecretKey)>{});
}

TEST_CASE("SHA-256 gives the examples of FIPS 180-4") {
    CHECK(toHex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(toHex(sha256(asBytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("HMAC-SHA-256 gives the examples of RFC 4231") {
    CHECK(toHex(hmacSha256(keyOf(Bytes(20, 0x0b)), asBytes("Hi There"))) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(toHex(hmacSha256(keyOf(asBytes("Jefe")), asBytes("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("opening gives the example of the XChaCha20-Poly1305 draft") {
    const auto key = keyOf("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const auto sealed = fromHex(
                            "404142434445464748494a4b4c4d4e4f5051525354555657"
                            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
                            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
                            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                            "21f9664c97637da9768812f615c68b13b52e"
                            "c0875924c1c7987947deafd8780acf49")
                            .value();
    const auto plain = open(key, sealed, fromHex("50515253c0c1c2c3c4c5c6c7").value());
    REQUIRE(plain);
    CHECK(asText(*plain).starts_with("Ladies and Gentlemen of the class of '99: If I could"));
}

TEST_CASE("what was sealed opens, of any length, and never looks the same twice") {
    const auto key = keyOf(Bytes(32, 1));
    for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 4096U}) {
        const Bytes plain(size, 0x5a);
        const auto sealed = seal(key, plain, asBytes("place"));
        CHECK(sealed.size() == size + kSealOverhead);
        CHECK(open(key, sealed, asBytes("place")).value() == plain);
        CHECK(seal(key, plain, asBytes("place")) != sealed);
    }
}

TEST_CASE("no changed bit, no missing octet, no other place and no other key opens") {
    const auto key = keyOf(Bytes(32, 1));
    const auto sealed = seal(key, asBytes("36.6"), asBytes("place"));
    const auto isRefused = [](const Result<Bytes>& result) {
        return !result && result.error().kind == ErrorKind::damaged;
    };
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        auto changed = sealed;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1U << bit % 8);
        CHECK(isRefused(open(key, changed, asBytes("place"))));
    }
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        CHECK(isRefused(open(key, ByteView(sealed).first(size), asBytes("place"))));
    }
    CHECK(isRefused(open(key, sealed, asBytes("Place"))));
    CHECK(isRefused(open(key, sealed, {})));
    CHECK(isRefused(open(keyOf(Bytes(32, 2)), sealed, asBytes("place"))));
}

TEST_CASE("Ed25519 gives the second example of RFC 8032") {
    const auto seed = keyOf("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    const auto publicKey = publicKeyOf(seed);
    CHECK(toHex(publicKey) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    const Bytes message{0x72};
    const auto signature = sign(seed, message);
    CHECK(toHex(signature) ==
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    CHECK(verify(publicKey, message, signature));
}

TEST_CASE("a signature holds for its message and key only") {
    const auto seed = keyOf(Bytes(32, 3));
    const auto publicKey = publicKeyOf(seed);
    const auto signature = sign(seed, asBytes("get-status"));
    CHECK(verify(publicKey, asBytes("get-status"), signature));
    CHECK_FALSE(verify(publicKey, asBytes("get-statuz"), signature));
    CHECK_FALSE(verify(publicKey, {}, signature));
    CHECK_FALSE(verify(publicKeyOf(keyOf(Bytes(32, 4))), asBytes("get-status"), signature));
    CHECK_FALSE(verify(publicKey, asBytes("get-status"), ByteView(signature).first(63)));
    CHECK_FALSE(verify(publicKey, asBytes("get-status"), {}));
    CHECK_FALSE(verify(ByteView(publicKey).first(31), asBytes("get-status"), signature));
    CHECK_FALSE(verify(PublicKey{}, asBytes("get-status"), signature));  // a weak key
    auto changed = signature;
    changed[10] ^= 1;
    CHECK_FALSE(verify(publicKey, asBytes("get-status"), changed));
}

TEST_CASE("random octets differ") {
    REQUIRE(initialise());
    std::set<std::array<std::uint8_t, 10>> seen;
    for (int i = 0; i < 100; ++i) seen.insert(randomOctets<10>());
    CHECK(seen.size() == 100);
    CHECK(asText(SecretKey::random().octets()) != asText(SecretKey::random().octets()));
}

TEST_CASE("comparing looks at every octet and at the length") {
    CHECK(equalInConstantTime({}, {}));
    CHECK(equalInConstantTime(asBytes("secret"), asBytes("secret")));
    CHECK_FALSE(equalInConstantTime(asBytes("secret"), asBytes("Secret")));
    CHECK_FALSE(equalInConstantTime(asBytes("secret"), asBytes("secres")));
    CHECK_FALSE(equalInConstantTime(asBytes("secret"), asBytes("secre")));
}

TEST_CASE("wiping leaves zeros") {
    Bytes secret(40, 9);
    wipe(secret);
    CHECK(secret == Bytes(40, 0));
}

TEST_CASE("base64 goes both ways with the examples of RFC 4648") {
    const std::vector<std::pair<std::string, std::string>> examples{{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xfb\xff", "+/8="}};
    for (const auto& [plain, coded] : examples) {
        CHECK(toBase64(asBytes(plain)) == coded);
        CHECK(asText(fromBase64(coded).value()) == plain);
    }
}

TEST_CASE("base64 refuses what is not base64") {
    for (const auto* text :
         {"Zg", "Zg=", "Zg===", "Zm9v!", "Zm 9v", "Zm9v\n", "-_8=", "=", "Zh=="}) {
        CAPTURE(text);
        CHECK(fromBase64(text).error().kind == ErrorKind::invalid);
    }
    CHECK(fromBase64(std::string(64 * 1024, 'A')));
    CHECK(fromBase64(std::string(64 * 1024 + 4, 'A')).error().message ==
          "base64 longer than 65536 characters");
}
