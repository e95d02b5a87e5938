#include "gateway/uplink/paho_connection.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "gateway/base/pem.hpp"
#include "gateway/uplink/paho_messages.hpp"

namespace vitalgate::uplink {
namespace {

constexpr int kMostBuffered = 4000;

Result<std::string> readPem(const std::string& key, const std::string& path) {
    auto text = readPemFile(path);
    if (!text) return fail(ErrorKind::authentication, "{}: {}", key, text.error().message);
    return text;
}

template <class T>
using Freed = std::unique_ptr<T, void (*)(T*)>;

void freeBio(BIO* bio) {
    BIO_free(bio);
}

Freed<BIO> openText(const std::string& text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), freeBio};
}

/// Nobody is there to be asked for it.
int noPassword(char*, int, int, void*) {
    return -1;
}

Status compareIdentity(const TlsSettings& tls) {
    const auto certificateText = readPem("tls.certificate", tls.certificateFile);
    if (!certificateText) return std::unexpected(certificateText.error());
    const auto keyText = readPem("tls.key", tls.keyFile);
    if (!keyText) return std::unexpected(keyText.error());
    const auto certificateIn = openText(*certificateText);
    const auto keyIn = openText(*keyText);
    const Freed<X509> certificate{
        PEM_read_bio_X509(certificateIn.get(), nullptr, noPassword, nullptr), X509_free};
    const Freed<EVP_PKEY> key{PEM_read_bio_PrivateKey(keyIn.get(), nullptr, noPassword, nullptr),
                              EVP_PKEY_free};
    if (!certificate) {
        return fail(ErrorKind::authentication, "tls.certificate: {} holds no certificate",
                    tls.certificateFile);
    }
    if (!key) {
        return fail(ErrorKind::authentication,
                    "tls.key: {} holds no private key that can be read without a password",
                    tls.keyFile);
    }
    if (X509_check_private_key(certificate.get(), key.get()) != 1) {
        return fail(ErrorKind::authentication, "tls.key: {} is not the key of the certificate {}",
                    tls.keyFile, tls.certificateFile);
    }
    return {};
}

/// A broker would only say that the handshake failed, and be blamed for it.
Status checkIdentity(const TlsSettings& tls) {
    if (tls.certificateFile.empty() || tls.keyFile.empty()) return {};
    auto compared = compareIdentity(tls);
    // What is left there the next handshake would take for its own.
    ERR_clear_error();
    return compared;
}

/// Says which file is wrong: the library would only say that something is.
Status checkFiles(const TlsSettings& tls) {
    const std::pair<const char*, const std::string&> files[] = {
        {"tls.ca", tls.caFile},
        {"tls.certificate", tls.certificateFile},
        {"tls.key", tls.keyFile},
        {"tls.crl", tls.revocationFile},
    };
    for (const auto& [key, path] : files) {
        if (path.empty()) continue;
        if (const auto text = readPem(key, path); !text) return std::unexpected(text.error());
    }
    return checkIdentity(tls);
}

bool writeAll(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

MqttConnected connectedOf(const mqtt::token& token) {
    MqttConnected connection;
    const auto answer = token.get_connect_response();
    connection.sessionPresent = answer.is_session_present();
    const auto& list = answer.get_properties();
    if (list.contains(mqtt::property::RECEIVE_MAXIMUM)) {
        connection.receiveMaximum = mqtt::get<std::uint16_t>(list, mqtt::property::RECEIVE_MAXIMUM);
    }
    if (list.contains(mqtt::property::MAXIMUM_PACKET_SIZE)) {
        connection.maximumPacketBytes =
            mqtt::get<std::uint32_t>(list, mqtt::property::MAXIMUM_PACKET_SIZE);
    }
    return connection;
}

constexpr int kLastReason = 0xA2;  // MQTT 5.0 section 2.4

/// The broker's reason, which the library gives in one of two places; 0 if it is none.
int brokerReason(const mqtt::token& token) {
    for (const int value : {static_cast<int>(token.get_reason_code()), token.get_return_code()}) {
        if (value >= mqtt::UNSPECIFIED_ERROR && value <= kLastReason) return value;
    }
    return 0;
}

bool allGranted(const mqtt::token& token) {
    const auto answer = token.get_subscribe_response();
    const auto& codes = answer.get_reason_codes();
    return std::all_of(codes.begin(), codes.end(),
                       [](mqtt::ReasonCode code) { return code < mqtt::UNSPECIFIED_ERROR; });
}

}  // namespace

/// Called on the library's threads, which hold its lock: they only pass on.
class PahoConnection::Listeners {
  public:
    Listeners(std::shared_ptr<PahoOutlet> outlet, std::function<std::string()> certificate)
        : outlet_(outlet),
          connect(outlet, std::move(certificate)),
          publish(outlet),
          subscribe(outlet),
          disconnect(outlet) {}

    void attach(mqtt::async_client& client) const {
        client.set_connection_lost_handler([outlet = outlet_](const std::string& cause) {
            outlet->tell([cause](PahoEvents& loop) { loop.onLost(cause); });
        });
        client.set_disconnected_handler(
            [outlet = outlet_](const mqtt::properties&, mqtt::ReasonCode reason) {
                const auto why = mqtt::exception::reason_code_str(reason);
                outlet->tell([why](PahoEvents& loop) { loop.onLost(why); });
            });
        client.set_message_callback([outlet = outlet_](const mqtt::const_message_ptr& message) {
            outlet->tell(
                [message = fromPaho(*message)](PahoEvents& loop) { loop.onReceived(message); });
        });
    }

  private:
    std::shared_ptr<PahoOutlet> outlet_;

  public:
    struct Connect : mqtt::iaction_listener {
        Connect(std::shared_ptr<PahoOutlet> to, std::function<std::string()> why)
            : outlet(std::move(to)), certificate(std::move(why)) {}
        void on_success(const mqtt::token& token) override {
            const auto connection = connectedOf(token);
            outlet->tell([connection](PahoEvents& loop) { loop.onConnected(connection); });
        }
        void on_failure(const mqtt::token& token) override {
            PahoFailure failure;
            failure.code = token.get_return_code();
            failure.reason = brokerReason(token);
            failure.certificate = certificate();
            outlet->tell([failure](PahoEvents& loop) { loop.onFailed(failure); });
        }
        std::shared_ptr<PahoOutlet> outlet;
        std::function<std::string()> certificate;  ///< why it was refused
    };
    struct Publish : mqtt::iaction_listener {
        explicit Publish(std::shared_ptr<PahoOutlet> to) : outlet(std::move(to)) {}
        void on_success(const mqtt::token& token) override { tell(token, brokerReason(token)); }
        void on_failure(const mqtt::token& token) override {
            // Without a reason of the broker the connection is gone, which is told on its own.
            if (const int reason = brokerReason(token)) tell(token, reason);
        }
        void tell(const mqtt::token& token, int reason) const {
            const auto number = reinterpret_cast<std::uint64_t>(token.get_user_context());
            outlet->tell(
                [number, reason](PahoEvents& loop) { loop.onAcknowledged(number, reason); });
        }
        std::shared_ptr<PahoOutlet> outlet;
    };
    /// Tells once, when the last of several subscriptions is answered.
    struct Subscribe : mqtt::iaction_listener {
        explicit Subscribe(std::shared_ptr<PahoOutlet> to) : outlet(std::move(to)) {}
        void on_success(const mqtt::token& token) override { answered(allGranted(token)); }
        void on_failure(const mqtt::token&) override { answered(false); }
        void answered(bool granted) {
            if (!granted) accepted = false;
            if (--pending != 0) return;
            outlet->tell([all = accepted.load()](PahoEvents& loop) { loop.onSubscribed(all); });
        }
        std::shared_ptr<PahoOutlet> outlet;
        std::atomic<std::size_t> pending{0};
        std::atomic<bool> accepted{true};
    };
    struct Disconnect : mqtt::iaction_listener {
        explicit Disconnect(std::shared_ptr<PahoOutlet> to) : outlet(std::move(to)) {}
        void on_success(const mqtt::token&) override { tell(); }
        void on_failure(const mqtt::token&) override { tell(); }
        void tell() const {
            outlet->tell([](PahoEvents& loop) { loop.onDisconnected(); });
        }
        std::shared_ptr<PahoOutlet> outlet;
    };

    Connect connect;
    Publish publish;
    Subscribe subscribe;
    Disconnect disconnect;
};

PahoConnection::PahoConnection(TlsVerifier& tls, std::shared_ptr<PahoOutlet> outlet)
    : tls_(tls), outlet_(std::move(outlet)) {}

PahoConnection::~PahoConnection() {
    if (trustMemory_ >= 0) ::close(trustMemory_);
}

void PahoConnection::connect(MqttConnectOptions options, std::string host) {
    options_ = std::move(options);
    host_ = std::move(host);
    if (!options_.broker.isEncrypted()) {
        begin({});
        return;
    }
    if (const auto files = checkFiles(options_.tls); !files) {
        failed(files);
        return;
    }
    tls_.enter(this, options_.tls, host_,
               [self = shared_from_this()](Status ready) { self->begin(std::move(ready)); });
}

void PahoConnection::begin(Status ready) {
    outlet_->tell([](PahoEvents& loop) { loop.onBegun(); });
    const auto trust = trustFile();
    if (!ready || !trust) {
        failed(!ready ? ready : std::unexpected(trust.error()));
        return;
    }
    try {
        mqtt::create_options create(options_.version5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
        create.set_send_while_disconnected(false);
        create.set_max_buffered_messages(kMostBuffered);
        listeners_ = std::make_unique<Listeners>(outlet_, [this] { return tls_.failure(this); });
        client_ = std::make_unique<mqtt::async_client>(pahoUri(options_.broker, host_),
                                                       options_.clientId, create, nullptr);
        listeners_->attach(*client_);
        client_->connect(pahoConnectOptions(options_, *trust), nullptr, listeners_->connect);
    } catch (const std::exception& error) {
        failed(fail(ErrorKind::internal, "the MQTT library: {}", error.what()));
    }
}

/// The library reads certificates and revocation lists from one file only.
Result<std::string> PahoConnection::trustFile() {
    const auto& tls = options_.tls;
    if (!options_.broker.isEncrypted() || tls.revocationFile.empty()) return tls.caFile;
    const auto authority = readPem("tls.ca", tls.caFile);
    if (!authority) return std::unexpected(authority.error());
    const auto list = readPem("tls.crl", tls.revocationFile);
    if (!list) return std::unexpected(list.error());
    trustMemory_ = ::memfd_create("vitalgate-trust", MFD_CLOEXEC);
    if (trustMemory_ < 0 || !writeAll(trustMemory_, *authority + "\n" + *list)) {
        return fail(ErrorKind::internal, "no memory for the certificates");
    }
    return fmt::format("/proc/self/fd/{}", trustMemory_);
}

void PahoConnection::failed(Status why) {
    endHandshake();
    outlet_->tell([failure = PahoFailure{0, 0, {}, std::move(why)}](PahoEvents& loop) {
        loop.onFailed(failure);
    });
}

void PahoConnection::endHandshake() {
    tls_.leave(this);
}

void PahoConnection::publish(std::uint64_t number, const MqttMessage& message) {
    if (!client_) return;
    try {
        client_->publish(pahoMessage(message, options_.version5), reinterpret_cast<void*>(number),
                         listeners_->publish);
    } catch (const std::exception& error) {
        outlet_->tell([why = std::string{error.what()}](PahoEvents& loop) { loop.onLost(why); });
    }
}

/// One call for each: with several filters and their options in one, version 1.2.0 of the library
/// reads memory that it has freed.
void PahoConnection::subscribe(const std::vector<MqttSubscription>& subscriptions) {
    if (!client_) return;
    using Handling = mqtt::subscribe_options::RetainHandling;
    listeners_->subscribe.accepted = true;
    listeners_->subscribe.pending += subscriptions.size();
    try {
        for (const auto& subscription : subscriptions) {
            const auto handling = subscription.retainedWanted ? Handling::SEND_RETAINED_ON_SUBSCRIBE
                                                              : Handling::DONT_SEND_RETAINED;
            client_->subscribe(subscription.filter, 1, nullptr, listeners_->subscribe,
                               options_.version5 ? mqtt::subscribe_options(false, true, handling)
                                                 : mqtt::subscribe_options());
        }
    } catch (const std::exception& error) {
        outlet_->tell([why = std::string{error.what()}](PahoEvents& loop) { loop.onLost(why); });
    }
}

void PahoConnection::disconnect(Duration limit) {
    if (!client_) return;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    try {
        client_->disconnect(static_cast<int>(milliseconds), nullptr, listeners_->disconnect);
    } catch (const std::exception&) {
        listeners_->disconnect.tell();
    }
}

void PahoConnection::close() {
    client_.reset();
    endHandshake();
    outlet_->tell([](PahoEvents& loop) { loop.onClosed(); });
}

}  // namespace vitalgate::uplink
