// Handshakes in memory, without the MQTT library: what OpenSSL verifies, and with which demands.
#include "gateway/uplink/tls_verifier.hpp"

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "tests/support/certificates.hpp"

namespace vitalgate::uplink {
namespace {

using testing::certificates;

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

/// A client and a server that shows the certificate of this name, both in this thread.
class Handshake {
  public:
    Handshake(const std::string& shown, const std::string& host) {
        const auto& made = certificates();
        SSL_CTX_use_certificate_chain_file(serverContext_.get(), (made / (shown + ".pem")).c_str());
        SSL_CTX_use_PrivateKey_file(serverContext_.get(), (made / (shown + ".key")).c_str(),
                                    SSL_FILETYPE_PEM);
        SSL_CTX_load_verify_locations(clientContext_.get(), (made / "ca.pem").c_str(), nullptr);
        SSL_CTX_set_verify(clientContext_.get(), SSL_VERIFY_PEER, nullptr);
        server_.reset(SSL_new(serverContext_.get()));
        client_.reset(SSL_new(clientContext_.get()));
        SSL_set_tlsext_host_name(client_.get(), host.c_str());
        BIO* there = nullptr;
        BIO* here = nullptr;
        REQUIRE(BIO_new_bio_pair(&there, 0, &here, 0) == 1);
        SSL_set_bio(server_.get(), there, there);
        SSL_set_bio(client_.get(), here, here);
        SSL_set_accept_state(server_.get());
        SSL_set_connect_state(client_.get());
        SSL_do_handshake(client_.get());  // the server has heard nothing yet, and is silent
    }
    /// The server answers. True if the client accepts it.
    bool accepted() {
        for (int step = 0; step < 4; ++step) {
            SSL_do_handshake(server_.get());
            if (SSL_do_handshake(client_.get()) == 1) return true;
        }
        return false;
    }
    [[nodiscard]] std::uint64_t options() const { return SSL_get_options(client_.get()); }

  private:
    Owned<SSL_CTX> serverContext_{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    Owned<SSL_CTX> clientContext_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    Owned<SSL> server_{nullptr, SSL_free};
    Owned<SSL> client_{nullptr, SSL_free};
};

/// One that enters, and whether it was let in.
struct Entering {
    Entering(TlsVerifier& verifier, const std::string& host, const std::string& serverName = "",
             const std::string& revocationFile = "")
        : tls(verifier) {
        TlsSettings settings;
        settings.serverName = serverName;
        settings.revocationFile = revocationFile;
        tls.enter(this, settings, host,
                  [this](const Status& ready) { isInside = ready.has_value(); });
    }
    ~Entering() { tls.leave(this); }
    Entering(const Entering&) = delete;
    Entering& operator=(const Entering&) = delete;
    [[nodiscard]] std::string failure() const { return tls.failure(this); }

    TlsVerifier& tls;
    bool isInside = false;
};

}  // namespace

TEST_CASE("a handshake of which nothing is known is refused, whatever it shows") {
    TlsVerifier tls;
    CHECK_FALSE(Handshake("server", "localhost").accepted());
    CHECK_FALSE(Handshake("server", "").accepted());
    const Entering other(tls, "127.0.0.1");
    CHECK_FALSE(Handshake("server", "localhost").accepted());
    CHECK(other.failure().empty());
}

TEST_CASE("a name, an address and a name that is set apart are each verified as such") {
    TlsVerifier tls;
    {
        const Entering byName(tls, "localhost");
        const Entering byAddress(tls, "127.0.0.1");
        CHECK(Handshake("server", "localhost").accepted());
        CHECK(Handshake("server", "127.0.0.1").accepted());
        CHECK_FALSE(Handshake("server-elsewhere", "localhost").accepted());
        CHECK(byName.failure().find("ostname mismatch") != std::string::npos);
        CHECK_FALSE(Handshake("server-elsewhere", "127.0.0.1").accepted());
        CHECK(byAddress.failure().find("IP address mismatch") != std::string::npos);
        CHECK_FALSE(Handshake("server-cn", "localhost").accepted());
    }
    const Entering apart(tls, "localhost", "other.example");
    CHECK(Handshake("server-elsewhere", "localhost").accepted());
    CHECK_FALSE(Handshake("server", "localhost").accepted());
}

TEST_CASE("an IPv6 address is known with the brackets that the library puts around it") {
    TlsVerifier tls;
    const Entering address(tls, "::1", "localhost");
    CHECK(Handshake("server", "[::1]").accepted());
}

TEST_CASE("handshakes under way together: each is verified with its own demand, in any order") {
    TlsVerifier tls;
    const Entering first(tls, "localhost");
    Handshake ofFirst("server", "localhost");
    const Entering second(tls, "broker.example", "other.example");
    Handshake ofSecond("server-elsewhere", "broker.example");
    Handshake forged("server", "broker.example");
    CHECK(first.isInside);
    CHECK(second.isInside);
    CHECK_FALSE(forged.accepted());
    CHECK(ofSecond.accepted());
    CHECK(ofFirst.accepted());
    CHECK(first.failure().empty());
}

TEST_CASE("a revocation list is asked for where there is one, and not for anybody else") {
    TlsVerifier tls;
    const Entering with(tls, "with.example", "localhost", certificates() / "crl.pem");
    const Entering without(tls, "without.example", "localhost");
    // The contexts of this test know no list, so that asking for one is seen.
    CHECK_FALSE(Handshake("server", "with.example").accepted());
    CHECK(with.failure().find("CRL") != std::string::npos);
    CHECK(Handshake("server", "without.example").accepted());
}

TEST_CASE("a certificate that comes after its connection was given up is refused") {
    TlsVerifier tls;
    std::optional<Entering> early(std::in_place, tls, "localhost");
    Handshake late("server", "localhost");
    early.reset();
    CHECK_FALSE(late.accepted());
}

TEST_CASE("connections to one host take turns, and none waits for another host") {
    TlsVerifier tls;
    std::optional<Entering> first(std::in_place, tls, "localhost");
    std::optional<Entering> second(std::in_place, tls, "localhost", "other.example");
    Entering third(tls, "localhost");
    const Entering other(tls, "127.0.0.1");
    CHECK(first->isInside);
    CHECK(other.isInside);
    CHECK_FALSE(second->isInside);
    CHECK_FALSE(Handshake("server-elsewhere", "localhost").accepted());
    SUBCASE("the next one begins when the one before has left") {
        first.reset();
        CHECK(second->isInside);
        CHECK(second->failure().empty());
        CHECK(Handshake("server-elsewhere", "localhost").accepted());
        CHECK_FALSE(third.isInside);
        second.reset();
        CHECK(third.isInside);
    }
    SUBCASE("one that gives up while it waits lets nobody in") {
        second.reset();
        CHECK_FALSE(third.isInside);
        first.reset();
        CHECK(third.isInside);
    }
}

TEST_CASE("a server cannot begin a second handshake, of which nothing would be known") {
    TlsVerifier tls;
    const Entering hub(tls, "localhost");
    Handshake handshake("server", "localhost");
    CHECK((handshake.options() & SSL_OP_NO_RENEGOTIATION) != 0);
}

}  // namespace vitalgate::uplink
