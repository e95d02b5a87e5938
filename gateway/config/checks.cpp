#include "gateway/config/checks.hpp"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "gateway/base/bytes.hpp"
#include "gateway/base/file_system.hpp"
#include "gateway/base/pem.hpp"
#include "gateway/base/topic.hpp"
#include "gateway/base/words.hpp"
#include "gateway/config/values.hpp"

namespace vitalgate::config {

namespace {

constexpr std::size_t kMachineIdDigits = 32;

using Keys = std::initializer_list<std::string_view>;

/// The deepest node on the way that stands in the file: where a person looks for the mistake.
const Node& nodeAt(const Node& root, Keys keys) {
    const auto* node = &root;
    for (const auto key : keys) {
        const auto* next = node->find(key);
        if (next == nullptr) break;
        node = next;
    }
    return *node;
}

bool isWritten(const Node& root, Keys keys) {
    const auto* node = &root;
    for (const auto key : keys) {
        node = node->find(key);
        if (node == nullptr) return false;
    }
    return true;
}

class Checker {
  public:
    Checker(const Node& root, Config& config, Reader& reader)
        : root_(root), config_(config), reader_(reader) {}

    void run() {
        hub();
        for (auto& [id, person] : config_.people) {
            if (person.label.empty()) person.label = id;
        }
        for (auto& [id, entry] : config_.devices) device(id, entry);
        for (auto& [name, rule] : config_.admit) admission(name, rule);
        for (auto& [name, entry] : config_.uplinks) uplink(name, entry);
        commands();
    }

  private:
    /// `why`: a sentence or an Error.
    void wrong(Keys keys, const auto& why) {
        std::string path;
        for (const auto key : keys) path = below(path, key);
        reader_.wrong(nodeAt(root_, keys), path, why);
    }

    void hub() {
        if (!config_.hub.id.empty() || isWritten(root_, {"hub", "id"})) return;
        const auto& path = reader_.options().machineIdFile;
        std::string machineId(2 * kMachineIdDigits, '\0');
        const auto size = readFile(path, std::as_writable_bytes(std::span(machineId)));
        if (!size && size.error().kind == ErrorKind::unavailable) {
            return wrong({"hub", "id"}, size.error().in(path));
        }
        machineId.resize(size.value_or(0));
        machineId.resize(std::min(machineId.find('\n'), machineId.size()));
        // It says "uninitialized" during the first start of an image.
        if (machineId.size() != kMachineIdDigits || !fromHex(machineId)) {
            return wrong({"hub", "id"},
                         fmt::format("is required, because there is no id in {}", path));
        }
        config_.hub.id = defaultHubId(machineId);
    }

    void person(Keys keys, const std::string& id) {
        if (id.empty() || config_.people.contains(id)) return;
        wrong(keys, fmt::format("there is no {} in people", inQuotes(id)));
    }

    void device(const std::string& id, Device& device) {
        if (device.label.empty()) device.label = id;
        const auto& node = nodeAt(root_, {"devices", id});
        if (node.find("person") != nullptr && node.find("slots") != nullptr) {
            wrong({"devices", id, "slots"}, "not together with person: write one of the two");
        }
        person({"devices", id, "person"}, device.person);
        for (const auto& [slot, name] : device.slots) {
            person({"devices", id, "slots", std::to_string(slot)}, name);
        }
        if (device.passkey && config_.bluetooth.pairing.policy == PairingPolicy::never) {
            wrong({"devices", id, "passkey"},
                  "is of no use with bluetooth.pairing.policy: never; write passkey or just-works "
                  "there");
        }
        registration(id, device);
        address(id, device);
    }

    void registration(const std::string& id, const Device& device) {
        const auto* consent = nodeAt(root_, {"devices", id}).find("consent");
        const bool namesUsers =
            consent != nullptr && !(consent->isMap() && consent->entries.empty());
        if (device.registerUsers && !namesUsers) {
            wrong({"devices", id, "register-users"},
                  "needs consent beside it: it names the users and their codes");
        }
    }

    void address(const std::string& id, const Device& device) {
        if (device.address == BluetoothAddress{}) {
            const auto& written = nodeAt(root_, {"devices", id, "address"});
            if (!BluetoothAddress::parse(written.text)) return;
            return wrong({"devices", id, "address"},
                         "is no device's address: write the one that it advertises");
        }
        const auto [known, isNew] = addresses_.try_emplace(device.address, id);
        if (isNew) return;
        const auto& first = nodeAt(root_, {"devices", known->second, "address"}).place;
        wrong({"devices", id, "address"},
              fmt::format("is also the address of {} at {}:{}:{}", known->second, *first.file,
                          first.line, first.column));
    }

    void admission(const std::string& name, Admission& rule) {
        if (!isWritten(root_, {"admit", name, "signal-floor"})) {
            rule.signalFloor = config_.bluetooth.pairing.signalFloor;
        }
        if (rule.until > reader_.options().now + std::chrono::days{30}) {
            wrong({"admit", name, "until"}, "lies more than 30 days ahead");
        }
    }

    void uplink(const std::string& name, Uplink& uplink) {
        if (uplink.clientId.empty()) uplink.clientId = config_.hub.id;
        if (uplink.password && uplink.user.empty()) {
            wrong({"uplinks", name, "password"}, "needs user beside it");
        }
        root(name, uplink);
        ownClientId(name, uplink);
        tls(name, uplink);
        if (isWritten(root_, {"uplinks", name, "receipt-timeout"}) &&
            uplink.delivery != Delivery::receipt) {
            wrong({"uplinks", name, "receipt-timeout"}, "needs delivery: receipt beside it");
        }
        if (uplink.allowPlaintext) return;
        for (const auto& broker : uplink.brokers) {
            if (broker.isEncrypted() || broker.isLoopback()) continue;
            wrong({"uplinks", name, "broker"},
                  fmt::format("{} to another host is not encrypted: use {}s, or set "
                              "allow-plaintext: true",
                              broker.schemeWord(), broker.schemeWord()));
        }
    }

    void root(const std::string& name, const Uplink& uplink) {
        if (uplink.root.empty() || config_.hub.id.empty()) return;
        if (const auto filled = hubRoot(uplink.root, config_.hub.id); !filled)
            wrong({"uplinks", name, "root"}, filled.error().message);
    }

    /// A broker ends a session when another begins with the same client id.
    void ownClientId(const std::string& name, const Uplink& uplink) {
        for (const auto& broker : uplink.brokers) {
            const auto [known, isNew] = clients_.try_emplace({broker.uri(), uplink.clientId}, name);
            if (isNew || known->second == name) continue;
            return wrong({"uplinks", name, "client-id"},
                         fmt::format("the uplink {} uses the same broker with the same client id: "
                                     "they would push each other out; give one a client-id of its "
                                     "own",
                                     known->second));
        }
    }

    void tls(const std::string& name, const Uplink& uplink) {
        const auto& tls = uplink.tls;
        const bool isUsed = std::ranges::any_of(uplink.brokers, &BrokerAddress::isEncrypted);
        if (isWritten(root_, {"uplinks", name, "tls"}) && !isUsed && !uplink.brokers.empty()) {
            return wrong({"uplinks", name, "tls"},
                         "is of no use: no broker of this uplink is mqtts or wss");
        }
        for (const auto& broker : uplink.brokers) {
            if (!broker.isEncrypted() || !tls.ca.empty()) continue;
            if (isWritten(root_, {"uplinks", name, "tls", "ca"})) continue;
            wrong({"uplinks", name, "tls", "ca"},
                  fmt::format("is required with {}; write a path, or system", broker.schemeWord()));
            break;
        }
        const bool certificate = isWritten(root_, {"uplinks", name, "tls", "certificate"});
        const bool key = isWritten(root_, {"uplinks", name, "tls", "key"});
        if (certificate && !key)
            wrong({"uplinks", name, "tls", "certificate"}, "needs key beside it");
        if (key && !certificate)
            wrong({"uplinks", name, "tls", "key"}, "needs certificate beside it");
        if (!tls.crl.empty() && tls.ca == "system")
            wrong({"uplinks", name, "tls", "crl"}, "needs tls.ca to be a file, not system");
        if (!reader_.options().checkSecrets) return;
        pemFile({"uplinks", name, "tls", "ca"}, tls.ca == "system" ? "" : tls.ca);
        pemFile({"uplinks", name, "tls", "certificate"}, tls.certificate);
        pemFile({"uplinks", name, "tls", "crl"}, tls.crl);
    }

    void pemFile(Keys keys, const std::string& path) {
        if (path.empty()) return;
        if (const auto checked = checkReadable(path); !checked) {
            wrong(keys, checked.error());
        } else if (const auto text = readPemFile(path); !text) {
            wrong(keys, text.error());
        }
    }

    void commands() {
        const auto& commands = config_.commands;
        // What could not be read has its default, and a mistake of its own.
        const bool isSigned = !isWritten(root_, {"commands", "accept"}) ||
                              nodeAt(root_, {"commands", "accept"}).text == "signed";
        if (isSigned && commands.keys.empty() && !isWritten(root_, {"commands", "keys"})) {
            wrong({"commands", "accept"},
                  "signed needs a key in commands.keys; without one write accept: none");
        }
        for (const auto& [id, key] : commands.keys) {
            for (const auto& device : key.devices.list) {
                if (device.empty() || config_.devices.contains(device)) continue;
                wrong({"commands", "keys", id, "devices"},
                      fmt::format("there is no {} in devices", inQuotes(device)));
            }
        }
    }

    const Node& root_;
    Config& config_;
    Reader& reader_;
    std::map<BluetoothAddress, std::string> addresses_;
    std::map<std::pair<std::string, std::string>, std::string> clients_;  ///< broker and client id
};

}  // namespace

void completeAndCheck(const Node& root, Config& config, Reader& reader) {
    Checker(root, config, reader).run();
}

}  // namespace vitalgate::config
