#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "gateway/app/hub_clock.hpp"
#include "gateway/app/hub_commands.hpp"
#include "gateway/app/hub_status.hpp"
#include "gateway/app/intake.hpp"
#include "gateway/app/replays.hpp"
#include "gateway/app/settings.hpp"
#include "gateway/commands/command_service.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/uplink/uplink.hpp"

namespace vitalgate::app {

/// What the application is made of and cannot make itself.
struct Surroundings {
    Clock& clock;
    Random& random;
    Log log;
    uplink::MqttTransportFactory transports;
    /// Makes the adapter that serves the devices; readings go into this intake.
    std::function<Result<std::unique_ptr<Adapter>>(Intake&)> adapter;
};

/// The composition root: makes every part from the configuration and connects them. Readings flow
/// from the adapter through the intake into the store and from there to the uplinks; commands from
/// the uplinks to the command service and back through the store. On the loop.
class Application {
  public:
    /// Opens the store; blocks for that. The errors name the key or the file that is wrong.
    static Result<std::unique_ptr<Application>> make(const config::Config& config,
                                                     const Folders& folders,
                                                     std::string configurationHash,
                                                     Surroundings surroundings);
    ~Application();
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    /// Begins to serve devices and brokers; `ready` when all of that has begun, not when anything
    /// is connected.
    void start(std::function<void()> ready);
    /// In this order: no more devices, the goodbye to the brokers, what devices have delivered
    /// given to the store, the store closed. `done` within kStopAdapter + kDrain + kStopUplinks and
    /// the time of one commit. The uplinks' transports are gone then. What is lost the log tells.
    void stop(std::function<void()> done);

    /// `alive` when the store has answered: with the loop it is what everything needs.
    void probe(std::function<void()> alive);
    /// True once the store cannot go on: what is on the disk must be read anew.
    [[nodiscard]] bool mustRestart() const;
    /// True if that mends it, so that nothing is worth waiting for.
    [[nodiscard]] bool isMendedByRestart() const;
    /// True while an uplink is connected and has something to send.
    [[nodiscard]] bool isSending() const;
    [[nodiscard]] std::string summary() const;

  private:
    struct Link {
        std::string name;
        std::string resultsTopic;
        std::unique_ptr<uplink::Uplink> uplink;
        std::string essence;  ///< of the status it was given last
    };

    Application(const config::Config& config, const Surroundings& surroundings,
                std::unique_ptr<store::Store> store, crypto::SecretKey idKey);
    Status makeAdapter();
    void makeUplinks(std::vector<UplinkSettings> settings);
    void makeCommands(const config::Config& config, commands::Policy policy,
                      std::string configurationHash);
    void receive(const Link& link, uplink::ReceivedCommand command);
    void route(const commands::AnswerRoute& route);
    bool sendAgain(const std::string& uplink, const store::RangeSet& ranges,
                   const std::string& commandId);
    void describe(const v1::DeviceDescriptor& descriptor);
    void watchStatus();
    void publishStatus();
    [[nodiscard]] v1::HubStatus statusForCommand(const std::string& uplink);
    [[nodiscard]] std::vector<v1::DeviceDescriptor> devices() const;
    [[nodiscard]] v1::Event hubEvent(v1::HubKind kind, std::string text) const;
    void stopAdapter(std::function<void()> done);
    void drain(SteadyTime until, std::function<void()> done);
    void stopUplinks(std::function<void()> done);
    void settle(SteadyTime until, std::function<void()> done);
    void tellUnsettled() const;

    Surroundings surroundings_;
    Clock& clock_;
    Log log_;
    std::string hub_;
    std::string bootId_;
    std::unique_ptr<store::Store> store_;
    std::vector<Link> links_;
    Intake intake_;
    HubClock hubClock_;
    std::unique_ptr<Adapter> adapter_;
    std::unique_ptr<HubStatusComposer> composer_;
    Replays replays_;
    HubCommands hubCommands_;
    std::shared_ptr<commands::CommandService> commands_;
    Timer statusTimer_;
    bool isStopping_ = false;
    bool isLastEventStored_ = false;
    std::size_t uplinksToStop_ = 0;
};

inline constexpr Duration kStopAdapter = std::chrono::milliseconds{2200};
inline constexpr Duration kDrain = std::chrono::milliseconds{500};
inline constexpr Duration kStopUplinks = std::chrono::milliseconds{1200};
/// How often the status is looked at for a change.
inline constexpr Duration kStatusInterval = std::chrono::seconds{1};

}  // namespace vitalgate::app
