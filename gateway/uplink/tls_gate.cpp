#include "gateway/uplink/tls_gate.hpp"

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

/// The parameters that every client-side verification of this process begins with; null if there is
/// no memory for them.
X509_VERIFY_PARAM* makeDefaults() {
    auto* parameters = X509_VERIFY_PARAM_new();
    if (parameters == nullptr) return nullptr;
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_name(parameters, "ssl_server") == 1 &&
        X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER) == 1 &&
        X509_VERIFY_PARAM_set_trust(parameters, X509_TRUST_SSL_SERVER) == 1 &&
        X509_VERIFY_PARAM_add0_table(parameters) == 1) {
        return parameters;
    }
    X509_VERIFY_PARAM_free(parameters);
    return nullptr;
}

/// Runs as the library frees a connection: the only moment at which the result can be read.
void noteResult(void* parent, void*, CRYPTO_EX_DATA*, int, long, void* verified) {
    const auto* connection = static_cast<const SSL*>(parent);
    static_cast<std::atomic<long>*>(verified)->store(SSL_get_verify_result(connection));
}

}  // namespace

TlsGate::TlsGate()
    : defaults_(makeDefaults()),
      index_(CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, &verified_, nullptr, nullptr,
                                     noteResult)) {}

TlsGate::~TlsGate() {
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, index_);
    // OpenSSL does not free the name itself.
    if (defaults_ != nullptr) X509_VERIFY_PARAM_set1_name(defaults_, nullptr);
    X509_VERIFY_PARAM_table_cleanup();
}

Status TlsGate::prepare(const TlsSettings& settings, const std::string& host) {
    const auto& name = settings.serverName.empty() ? host : settings.serverName;
    if (defaults_ == nullptr || index_ < 0 || !setName(defaults_, name)) {
        return fail(ErrorKind::internal, "the check of the broker's certificate cannot be set up");
    }
    X509_VERIFY_PARAM_clear_flags(defaults_, X509_V_FLAG_CRL_CHECK);
    if (!settings.revocationFile.empty()) {
        X509_VERIFY_PARAM_set_flags(defaults_, X509_V_FLAG_CRL_CHECK);
    }
    return {};
}

void TlsGate::enter(const void* who, TlsSettings settings, std::string host,
                    std::function<void(Status)> begin) {
    waiting_.push_back({who, std::move(settings), std::move(host), std::move(begin)});
    beginNext();
}

void TlsGate::leave(const void* who) {
    std::erase_if(waiting_, [who](const Waiting& entry) { return entry.who == who; });
    if (inside_ != who) return;
    inside_ = nullptr;
    beginNext();
}

void TlsGate::beginNext() {
    if (inside_ != nullptr || waiting_.empty()) return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    inside_ = next.who;
    verified_ = X509_V_OK;
    next.begin(prepare(next.settings, next.host));
}

std::string TlsGate::verificationFailure() const {
    const long result = verified_;
    if (result == X509_V_OK) return {};
    return X509_verify_cert_error_string(result);
}

}  // namespace vitalgate::uplink
