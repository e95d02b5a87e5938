#include "gateway/uplink/tls_gate.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <memory>
#include <utility>

namespace vitalgate::uplink {
namespace {

using Parameters = std::unique_ptr<X509_VERIFY_PARAM, decltype(&X509_VERIFY_PARAM_free)>;

bool isAddress(const std::string& host) {
    std::error_code error;
    asio::ip::make_address(host, error);
    return !error;
}

bool setName(X509_VERIFY_PARAM* parameters, const std::string& name) {
    if (isAddress(name)) return X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(
        parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1;
}

/// The parameters that every client-side verification in this process begins with from now on.
Status setDefaults(const TlsSettings& settings, const std::string& host) {
    const auto& name = settings.serverName.empty() ? host : settings.serverName;
    Parameters parameters(X509_VERIFY_PARAM_new(), X509_VERIFY_PARAM_free);
    const bool complete =
        parameters && X509_VERIFY_PARAM_set1_name(parameters.get(), "ssl_server") == 1 &&
        X509_VERIFY_PARAM_set_purpose(parameters.get(), X509_PURPOSE_SSL_SERVER) == 1 &&
        X509_VERIFY_PARAM_set_trust(parameters.get(), X509_TRUST_SSL_SERVER) == 1 &&
        setName(parameters.get(), name);
    if (!complete) return fail(ErrorKind::internal, "set up the check of the broker's certificate");
    if (!settings.revocationFile.empty()) {
        X509_VERIFY_PARAM_set_flags(parameters.get(), X509_V_FLAG_CRL_CHECK);
    }
    if (X509_VERIFY_PARAM_add0_table(parameters.get()) != 1) {
        return fail(ErrorKind::internal, "set up the check of the broker's certificate");
    }
    static_cast<void>(parameters.release());
    return {};
}

/// Runs as the library frees a connection: the only moment at which the result can be read.
void noteResult(void* parent, void*, CRYPTO_EX_DATA*, int, long, void* verified) {
    const auto* connection = static_cast<const SSL*>(parent);
    static_cast<std::atomic<long>*>(verified)->store(SSL_get_verify_result(connection));
}

}  // namespace

TlsGate::TlsGate()
    : index_(CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, &verified_, nullptr, nullptr,
                                     noteResult)) {}

TlsGate::~TlsGate() {
    CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, index_);
    X509_VERIFY_PARAM_table_cleanup();
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
    next.begin(setDefaults(next.settings, next.host));
}

std::string TlsGate::verificationFailure() const {
    const long result = verified_;
    if (result == X509_V_OK) return {};
    return X509_verify_cert_error_string(result);
}

}  // namespace vitalgate::uplink
