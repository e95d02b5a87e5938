#include "adapters/simulator/simulator.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "adapters/simulator/bluez_adapter.hpp"
#include "adapters/simulator/scaled_clock.hpp"
#include "adapters/simulator/scenario_device.hpp"

namespace vitalgate::simulator {

namespace {

constexpr auto kNameLimit = std::chrono::seconds{5};
const std::string kNameLost =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg2=''";

}  // namespace

class Simulator::Impl final : public Radio {
  public:
    Impl(Scenario scenario, Options options, Clock& clock, Log log)
        : scenario_(std::move(scenario)),
          options_(std::move(options)),
          clock_(clock),
          deviceClock_(clock, options_.speed),
          log_(std::move(log)),
          ledger_(options_.ledger, clock) {
        for (const auto& settings : scenario_.devices) {
            devices_.push_back(std::make_unique<Device>(
                settings, seedOf(scenario_.seed, settings.name), deviceClock_, ledger_, *this));
        }
    }

    Status open() {
        auto connection = dbus::Connection::open(options_.bus, clock_, log_.part("bus"));
        if (!connection) return std::unexpected(connection.error());
        connection_ = std::move(*connection);
        connection_->onLost([this] {
            if (lost_) lost_();
        });
        auto match = connection_->match(
            kNameLost, [this](const dbus::Signal& signal) { clientVanished(signal); });
        if (!match) return std::unexpected(match.error());
        match_ = std::move(*match);
        if (auto served = connection_->addObjectManager("/"); !served) return served;
        host_ = std::make_unique<bluez::Host>(*connection_, clock_, scenario_.bluez, log_);
        agents_ = std::make_unique<bluez::Agents>(*host_);
        for (const auto& settings : scenario_.adapters) plugIn(settings);
        return {};
    }

    void plugIn(const AdapterSettings& settings) {
        adapters_.push_back(std::make_unique<bluez::AdapterObject>(*host_, *agents_, settings));
    }

    /// All its devices are gone for BlueZ, and their links are lost.
    void unplug(const std::string& name) {
        std::erase_if(adapters_, [&name](const auto& adapter) {
            if (adapter->name() != name) return false;
            adapter->loseLinks();
            return true;
        });
    }

    void planAbsences(const AdapterSettings& settings) {
        auto present = settings;
        for (const auto& absence : settings.absences) {
            auto back = present;
            if (!absence.returnsAs.empty()) back.name = absence.returnsAs;
            faults_.push_back(
                clock_.after(absence.at, [this, name = present.name] { unplug(name); }));
            faults_.push_back(
                clock_.after(absence.at + absence.lasting, [this, back] { plugIn(back); }));
            present = back;
        }
    }

    void startDevices() {
        for (const auto& settings : scenario_.adapters) planAbsences(settings);
        for (auto& device : devices_) device->start();
        for (const auto& fault : scenario_.bluez.faults) {
            faults_.push_back(deviceClock_.after(fault.at, [this, fault] { freeze(fault); }));
        }
    }

    void freeze(const Fault& fault) {
        const auto number = host_->freeze(fault.freeze, fault.cure);
        if (fault.lasting) {
            faults_.push_back(
                deviceClock_.after(*fault.lasting, [this, number] { host_->thaw(number); }));
        }
    }

    void advertised(Device& device) override {
        for (auto& adapter : adapters_) adapter->advertised(device);
    }
    void silenced(Device&) override {}
    void send(Device& device, const Characteristic& characteristic, const Bytes& value,
              std::uint64_t number) override {
        if (auto* object = connectedObject(device)) object->arrived(characteristic, value, number);
    }
    void closed(Device& device) override {
        if (auto* object = connectedObject(device)) object->linkClosed();
    }
    /// The other side does not know: it finds out when it encrypts the next link.
    void erased(Device&) override {}

    Scenario scenario_;
    Options options_;
    Clock& clock_;
    ScaledClock deviceClock_;
    Log log_;
    Ledger ledger_;
    std::function<void()> lost_;
    std::vector<std::unique_ptr<Device>> devices_;
    std::unique_ptr<dbus::Connection> connection_;
    dbus::Match match_;
    std::unique_ptr<bluez::Host> host_;
    std::unique_ptr<bluez::Agents> agents_;
    std::vector<std::unique_ptr<bluez::AdapterObject>> adapters_;
    std::vector<Timer> faults_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  private:
    bluez::DeviceObject* connectedObject(const Device& device) const {
        for (const auto& adapter : adapters_) {
            if (auto* object = adapter->connected(device)) return object;
        }
        return nullptr;
    }

    void clientVanished(const dbus::Signal& signal) {
        const auto* name =
            signal.arguments.empty() ? nullptr : signal.arguments.front().get<std::string>();
        if (!name || !name->starts_with(':')) return;
        agents_->clientVanished(*name);
        for (auto& adapter : adapters_) adapter->clientVanished(*name);
        host_->cured(Cure::reconnect);
    }
};

namespace {

/// Asks for the name; everything it needs is held until it has the answer.
asio::awaitable<void> claim(dbus::Connection& connection, std::function<void(Status)> done) {
    std::string name = "org.bluez";
    auto status = co_await connection.requestName(name, kNameLimit);
    done(std::move(status));
}

}  // namespace

Simulator::Simulator(Scenario scenario, Options options, Clock& clock, Log log)
    : impl_(
          std::make_unique<Impl>(std::move(scenario), std::move(options), clock, std::move(log))) {}

Simulator::~Simulator() = default;

void Simulator::start(std::function<void(Status)> ready) {
    if (auto opened = impl_->open(); !opened) {
        asio::post(impl_->clock_.loop(), [ready, opened] { ready(opened); });
        return;
    }
    const auto answered = [impl = impl_.get(), alive = std::weak_ptr(impl_->alive_),
                           ready](const Status& status) {
        if (alive.expired()) return;
        if (status) impl->startDevices();
        ready(status ? Status{} : failIn("the name org.bluez", status));
    };
    asio::co_spawn(impl_->clock_.loop(), claim(*impl_->connection_, answered), asio::detached);
}

void Simulator::onLost(std::function<void()> handler) {
    impl_->lost_ = std::move(handler);
}

Device* Simulator::device(std::string_view name) const {
    for (const auto& device : impl_->devices_) {
        if (device->name() == name) return device.get();
    }
    return nullptr;
}

std::size_t Simulator::deviceCount() const {
    return impl_->devices_.size();
}

bool Simulator::isLedgerComplete() const {
    return impl_->ledger_.isComplete();
}

}  // namespace vitalgate::simulator
