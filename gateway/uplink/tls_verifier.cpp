#include "gateway/uplink/tls_verifier.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <utility>

namespace vitalgate::uplink {
namespace {

/// No certificate names it (RFC 2606).
constexpr std::string_view kNobody = "nobody.invalid";

bool isAddress(const std::string& host) {
    std::error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

/// A name or an address, never both: what is left of an earlier one would be checked as well.
bool setName(X509_VERIFY_PARAM* parameters, const std::string& name) {
    X509_VERIFY_PARAM_set1_host(parameters, nullptr, 0);
    X509_VERIFY_PARAM_set1_ip(parameters, nullptr, 0);
    if (isAddress(name)) return X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
    return X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1;
}

/// The parameters that every client-side verification of this process begins with: they refuse any
/// certificate, so that a handshake of which nothing is known ends there. Null if there is no
/// memory for them.
X509_VERIFY_PARAM* makeDefaults() {
    auto* parameters = X509_VERIFY_PARAM_new();
    if (parameters == nullptr) return nullptr;
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_name(parameters, "ssl_server") == 1 &&
        setName(parameters, std::string{kNobody}) &&
        X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER) == 1 &&
        X509_VERIFY_PARAM_set_trust(parameters, X509_TRUST_SSL_SERVER) == 1 &&
        X509_VERIFY_PARAM_add0_table(parameters) == 1) {
        return parameters;
    }
    X509_VERIFY_PARAM_free(parameters);
    return nullptr;
}

/// The host that a handshake names; of an IPv6 address the library names the brackets too.
std::string hostOf(X509_STORE_CTX* chain) {
    const auto* connection = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* given = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
    std::string host = given != nullptr ? given : "";
    std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
    return host;
}

}  // namespace

TlsVerifier::TlsVerifier()
    : defaults_(makeDefaults()),
      index_(CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, this, prepareContext, nullptr,
                                     nullptr)) {}

TlsVerifier::~TlsVerifier() {
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL_CTX, index_);
    // OpenSSL does not free the name itself.
    if (defaults_ != nullptr) X509_VERIFY_PARAM_set1_name(defaults_, nullptr);
    X509_VERIFY_PARAM_table_cleanup();
}

/// Runs as the library makes the context of a client. A server that begins a second handshake on
/// its own would be verified when nothing is known of it any more.
void TlsVerifier::prepareContext(void* context, void*, CRYPTO_EX_DATA*, int, long, void* verifier) {
    auto* made = static_cast<SSL_CTX*>(context);
    SSL_CTX_set_cert_verify_callback(made, verifyChain, verifier);
    SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION);
}

int TlsVerifier::verifyChain(X509_STORE_CTX* chain, void* verifier) {
    return static_cast<TlsVerifier*>(verifier)->verify(chain);
}

/// On a thread of the library.
int TlsVerifier::verify(X509_STORE_CTX* chain) {
    const std::lock_guard lock(mutex_);
    const auto waiting = hosts_.find(hostOf(chain));
    if (waiting == hosts_.end()) return std::max(X509_verify_cert(chain), 0);
    auto& demand = waiting->second.front();
    auto* parameters = X509_STORE_CTX_get0_param(chain);
    if (!setName(parameters, demand.name)) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_OUT_OF_MEM);
        return 0;
    }
    if (demand.byRevocationList) X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK);
    const int verified = std::max(X509_verify_cert(chain), 0);
    demand.result = X509_STORE_CTX_get_error(chain);
    return verified;
}

void TlsVerifier::enter(const void* who, const TlsSettings& settings, const std::string& host,
                        std::function<void(Status)> begin) {
    const auto& name = settings.serverName.empty() ? host : settings.serverName;
    std::unique_lock lock(mutex_);
    auto& waiting = hosts_[host];
    waiting.push_back({who, name, !settings.revocationFile.empty(), X509_V_OK, std::move(begin)});
    const bool isFirst = waiting.size() == 1;
    lock.unlock();
    if (isFirst) beginNext(host);
}

void TlsVerifier::leave(const void* who) {
    std::unique_lock lock(mutex_);
    const auto isThis = [who](const Demand& demand) { return demand.who == who; };
    const auto at = std::ranges::find_if(
        hosts_, [&](const auto& entry) { return std::ranges::any_of(entry.second, isThis); });
    if (at == hosts_.end()) return;
    auto& waiting = at->second;
    const bool wasInside = isThis(waiting.front());
    std::erase_if(waiting, isThis);
    const auto host = at->first;
    if (waiting.empty()) hosts_.erase(at);
    lock.unlock();
    if (wasInside) beginNext(host);
}

void TlsVerifier::beginNext(const std::string& host) {
    std::unique_lock lock(mutex_);
    const auto waiting = hosts_.find(host);
    if (waiting == hosts_.end()) return;
    const auto begin = std::exchange(waiting->second.front().begin, nullptr);
    lock.unlock();
    if (defaults_ != nullptr && index_ >= 0) return begin({});
    begin(fail(ErrorKind::internal, "the check of the broker's certificate cannot be set up"));
}

std::string TlsVerifier::failure(const void* who) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [host, waiting] : hosts_) {
        const auto& inside = waiting.front();
        if (inside.who != who || inside.result == X509_V_OK) continue;
        return X509_verify_cert_error_string(inside.result);
    }
    return {};
}

}  // namespace vitalgate::uplink
