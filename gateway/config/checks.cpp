#include "gateway/config/checks.hpp"

#include <array>
#include <fstream>
#include <initializer_list>

#include "gateway/base/bytes.hpp"
#include "gateway/config/values.hpp"

namespace vitalgate::config {

namespace {

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
    void wrong(Keys keys, std::string_view sentence) {
        std::string path;
        for (const auto key : keys) path = below(path, key);
        reader_.wrong(nodeAt(root_, keys), path, sentence);
    }

    void hub() {
        if (!config_.hub.id.empty() || isWritten(root_, {"hub", "id"})) return;
        std::ifstream file(reader_.options().machineIdFile);
        std::string machineId;
        // It says "uninitialized" during the first start of an image.
        if (!(file >> machineId) || machineId.size() != 32 || !fromHex(machineId)) {
            wrong({"hub", "id"}, fmt::format("is required, because there is no id in {}",
                                             reader_.options().machineIdFile));
            return;
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
        if (device.address == BluetoothAddress{}) return;
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
        tls(name, uplink);
        if (uplink.allowPlaintext) return;
        for (const auto& broker : uplink.brokers) {
            if (broker.usesTls() || broker.isLoopback()) continue;
            wrong({"uplinks", name, "broker"},
                  fmt::format("{} to another host is not encrypted: use {}s, or set "
                              "allow-plaintext: true",
                              broker.scheme, broker.scheme));
        }
    }

    void tls(const std::string& name, const Uplink& uplink) {
        const auto& tls = uplink.tls;
        for (const auto& broker : uplink.brokers) {
            if (!broker.usesTls() || !tls.ca.empty()) continue;
            if (isWritten(root_, {"uplinks", name, "tls", "ca"})) continue;
            wrong({"uplinks", name, "tls", "ca"},
                  fmt::format("is required with {}; write a path, or system", broker.scheme));
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
        readable({"uplinks", name, "tls", "ca"}, tls.ca == "system" ? "" : tls.ca);
        readable({"uplinks", name, "tls", "certificate"}, tls.certificate);
        readable({"uplinks", name, "tls", "crl"}, tls.crl);
    }

    void readable(Keys keys, const std::string& path) {
        if (path.empty()) return;
        if (const auto checked = checkReadable(path); !checked)
            wrong(keys, checked.error().message);
    }

    void commands() {
        const auto& commands = config_.commands;
        if (commands.accept == CommandSource::onlySigned && commands.keys.empty() &&
            !isWritten(root_, {"commands", "keys"})) {
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
};

}  // namespace

void completeAndCheck(const Node& root, Config& config, Reader& reader) {
    Checker(root, config, reader).run();
}

}  // namespace vitalgate::config
