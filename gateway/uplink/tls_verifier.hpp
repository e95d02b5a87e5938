#pragma once

#include <openssl/types.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/uplink/mqtt_transport.hpp"

namespace vitalgate::uplink {

/// What the MQTT library does not verify of a broker's certificate, done by OpenSSL itself: the
/// name as a subject alternative name (never CN), an address as such, the revocation list. Each
/// handshake is verified with what was demanded of the host that it names, and refused if nothing
/// was. So connections to one host are made one after the other; those to others do not wait.
class TlsVerifier {
  public:
    TlsVerifier();
    /// No TLS connection of this process may be left.
    ~TlsVerifier();
    TlsVerifier(const TlsVerifier&) = delete;
    TlsVerifier& operator=(const TlsVerifier&) = delete;

    /// Runs `begin` when it is this one's turn, at once or later; `host` is what the handshake
    /// names (SNI). On the uplink thread.
    void enter(const void* who, const TlsSettings& settings, const std::string& host,
               std::function<void(Status)> begin);
    /// The handshake is over, or given up. Harmless for one that is not inside. On the uplink
    /// thread.
    void leave(const void* who);

    /// Why the certificate was refused that was shown to the one inside; empty if it was not. From
    /// any thread.
    [[nodiscard]] std::string failure(const void* who) const;

  private:
    struct Demand {
        const void* who = nullptr;
        std::string name;  ///< that the certificate must have
        bool byRevocationList = false;
        int result = 0;  ///< X509_V_OK
        std::function<void(Status)> begin;
    };

    static int verifyChain(X509_STORE_CTX* chain, void* verifier);
    static void prepareContext(void* context, void*, CRYPTO_EX_DATA*, int, long, void* verifier);
    int verify(X509_STORE_CTX* chain);
    void beginNext(const std::string& host);

    mutable std::mutex mutex_;
    std::map<std::string, std::deque<Demand>> hosts_;  ///< the first of each is inside
    X509_VERIFY_PARAM* defaults_;                      ///< owned by OpenSSL's table
    int index_;
};

}  // namespace vitalgate::uplink
