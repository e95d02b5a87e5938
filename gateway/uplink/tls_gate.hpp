#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <string>

#include "gateway/base/error.hpp"
#include "gateway/uplink/mqtt_transport.hpp"

struct X509_VERIFY_PARAM_st;

namespace vitalgate::uplink {

/// What the MQTT library does not verify of a broker's certificate, done by OpenSSL itself: the
/// name as a subject alternative name (never CN), an address as such, the revocation list. OpenSSL
/// takes that from its default parameters for servers, one set for the whole process, so only one
/// TLS connection is being made at a time; the next one waits for the one before it. All on the
/// uplink thread.
class TlsGate {
  public:
    TlsGate();
    ~TlsGate();
    TlsGate(const TlsGate&) = delete;
    TlsGate& operator=(const TlsGate&) = delete;

    /// Runs `begin` when it is this one's turn, at once or later.
    void enter(const void* who, TlsSettings settings, std::string host,
               std::function<void(Status)> begin);
    /// The handshake is over, or given up. Harmless for one that is not inside.
    void leave(const void* who);

    /// Why the certificate of the latest handshake was refused; empty if it was not. From any
    /// thread.
    [[nodiscard]] std::string verificationFailure() const;

  private:
    struct Waiting {
        const void* who = nullptr;
        TlsSettings settings;
        std::string host;
        std::function<void(Status)> begin;
    };

    void beginNext();
    [[nodiscard]] Status prepare(const TlsSettings& settings, const std::string& host);

    std::deque<Waiting> waiting_;
    const void* inside_ = nullptr;
    std::atomic<long> verified_{0};
    X509_VERIFY_PARAM_st* defaults_;  ///< owned by OpenSSL's table; changed between handshakes
    int index_;
};

}  // namespace vitalgate::uplink
