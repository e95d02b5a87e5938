#include "gateway/app/application.hpp"

#include <algorithm>
#include <utility>

#include "gateway/host/machine.hpp"

namespace vitalgate::app {

namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds{10};

HubFacts factsOf(const config::Config& config, v1::CommandTrust trust, std::string bootId,
                 std::string configurationHash) {
    HubFacts facts;
    facts.hub = config.hub.id;
    facts.version = VITALGATE_VERSION;
    facts.os = host::osName();
    facts.model = host::machineModel();
    facts.location = config.hub.location;
    facts.labels = config.hub.labels;
    facts.bootId = std::move(bootId);
    facts.commandTrust = trust;
    facts.configuration = std::move(configurationHash);
    facts.maximumBytes = config.store.maxSize.bytes;
    facts.commands = HubCommands::specs();
    return facts;
}

}  // namespace

Result<std::unique_ptr<Application>> Application::make(const config::Config& config,
                                                       const Folders& folders,
                                                       std::string configurationHash,
                                                       Surroundings surroundings) {
    if (auto made = makeFolders(config, folders); !made) return std::unexpected(made.error());
    const auto options = storeOptions(config, folders);
    if (!options) return std::unexpected(options.error());
    auto idSecret = idKey(config, folders);
    if (!idSecret) return std::unexpected(idSecret.error());
    auto uplinks = uplinkSettings(config, folders);
    if (!uplinks) return std::unexpected(uplinks.error());
    auto policy = commandPolicy(config);
    if (!policy) return std::unexpected(policy.error());
    auto store = store::Store::open(*options, surroundings.clock, surroundings.log.part("store"));
    if (!store) return std::unexpected(store.error());  // it names the file
    surroundings.clock.setBoot((*store)->boot());

    std::unique_ptr<Application> application(
        new Application(config, surroundings, std::move(*store), std::move(*idSecret)));
    if (auto made = application->makeAdapter(); !made) return std::unexpected(made.error());
    application->makeUplinks(std::move(*uplinks));
    application->makeCommands(config, std::move(*policy), std::move(configurationHash));
    return application;
}

Application::Application(const config::Config& config, const Surroundings& surroundings,
                         std::unique_ptr<store::Store> store, crypto::SecretKey idKey)
    : surroundings_(surroundings),
      clock_(surroundings.clock),
      log_(surroundings.log),
      hub_(config.hub.id),
      bootId_(host::bootId().value_or("")),
      store_(std::move(store)),
      intake_(
          {config.hub.id, std::move(idKey), deviceAddresses(config)}, *store_, clock_,
          surroundings_.random, [this](const auto& descriptor) { describe(descriptor); },
          log_.part("intake")),
      hubClock_(intake_, clock_, log_.part("clock")),
      replays_(*store_, clock_,
               [this](const auto& uplink, const auto& ranges, const auto& commandId) {
                   return sendAgain(uplink, ranges, commandId);
               }),
      hubCommands_([this](const auto& uplink) { return statusForCommand(uplink); },
                   [this] { return devices(); },
                   [this](v1::Command command) { return adapter_->execute(std::move(command)); },
                   [this](v1::Command command, std::string uplink) {
                       return replays_.run(std::move(command), std::move(uplink));
                   }) {}

Application::~Application() = default;

Status Application::makeAdapter() {
    auto adapter = surroundings_.adapter(intake_);
    if (!adapter) return std::unexpected(adapter.error());
    adapter_ = std::move(*adapter);
    return {};
}

void Application::makeUplinks(std::vector<UplinkSettings> settings) {
    std::vector<std::string> names;
    for (auto& [options, topics] : settings) {
        const auto name = options.name;
        auto log = log_.part("uplink " + name);
        links_.push_back({name, topics.results(""), nullptr, ""});
        links_.back().uplink = std::make_unique<uplink::Uplink>(
            std::move(options), std::move(topics), *store_, clock_, surroundings_.random,
            surroundings_.transports, std::move(log));
        links_.back().uplink->onEvent(
            [this](v1::Event event) { intake_.record(std::move(event)); });
        names.push_back(name);
    }
    replays_.setUplinks(std::move(names));
    store_->onCommitted([this](std::uint64_t newest) {
        for (auto& link : links_) link.uplink->committed(newest);
    });
}

void Application::makeCommands(const config::Config& config, commands::Policy policy,
                               std::string configurationHash) {
    composer_ = std::make_unique<HubStatusComposer>(
        factsOf(config, policy.accept, bootId_, std::move(configurationHash)), *store_, *adapter_,
        clock_);
    commands::ServiceEvents events;
    events.event = [this](v1::Event event) { intake_.record(std::move(event)); };
    events.route = [this](const commands::AnswerRoute& answer) { route(answer); };
    commands_ = std::make_shared<commands::CommandService>(
        std::move(policy), *store_, clock_, hubCommands_, std::move(events), log_.part("commands"));
    for (auto& link : links_) {
        link.uplink->onCommand(
            [this, &link](uplink::ReceivedCommand command) { receive(link, std::move(command)); });
    }
}

void Application::start(std::function<void()> ready) {
    hubClock_.start();
    intake_.record(hubEvent(v1::HUB_EVENT_STARTED, "the hub has started"));
    commands_->start([this, ready = std::move(ready)] {
        if (isStopping_) return;
        for (auto& link : links_) link.uplink->start();
        adapter_->start();
        watchStatus();
        ready();
    });
}

void Application::receive(const Link& link, uplink::ReceivedCommand command) {
    commands::Request request;
    request.uplink = link.name;
    request.resultsTopic = link.resultsTopic;
    request.payload = std::move(command.payload);
    request.tooLarge = command.tooLarge;
    request.retained = command.retained;
    request.responseTopic = std::move(command.responseTopic);
    request.correlation = std::move(command.correlation);
    request.expirySeconds = command.expirySeconds;
    commands_->receive(request);
}

void Application::route(const commands::AnswerRoute& route) {
    for (auto& link : links_) {
        if (link.name != route.uplink) continue;
        std::string suffix;
        if (!route.responseTopic.empty()) {
            suffix = link.uplink->resultSuffix(route.responseTopic).value_or("");
        }
        link.uplink->routeResult(route.commandId, std::move(suffix), route.correlation);
    }
}

bool Application::sendAgain(const std::string& uplink, const store::RangeSet& ranges,
                            const std::string& commandId) {
    for (auto& link : links_) {
        if (link.name != uplink) continue;
        link.uplink->sendAgain(ranges, commandId);
        return true;
    }
    return false;
}

void Application::describe(const v1::DeviceDescriptor& descriptor) {
    for (auto& link : links_) link.uplink->setDescriptor(descriptor);
}

void Application::watchStatus() {
    publishStatus();
    statusTimer_ = clock_.after(kStatusInterval, [this] { watchStatus(); });
}

/// Each uplink says itself what is wrong with it; of the others it is told.
void Application::publishStatus() {
    const auto base = composer_->compose();
    for (auto& link : links_) {
        auto status = base;
        for (const auto& other : links_) {
            if (&other != &link) other.uplink->addProblems(status);
        }
        auto essence = essenceOf(status);
        if (essence == link.essence) continue;
        link.essence = std::move(essence);
        link.uplink->setStatus(std::move(status));
    }
}

v1::HubStatus Application::statusForCommand(const std::string& uplink) {
    auto status = composer_->compose();
    for (const auto& link : links_) {
        if (link.name == uplink) {
            link.uplink->complete(status);
        } else {
            link.uplink->addProblems(status);
        }
    }
    return status;
}

std::vector<v1::DeviceDescriptor> Application::devices() const {
    auto all = adapter_->devices();
    for (auto& descriptor : all) descriptor = intake_.complete(std::move(descriptor));
    return all;
}

v1::Event Application::hubEvent(v1::HubKind kind, std::string text) const {
    v1::Event event;
    event.set_text(std::move(text));
    event.mutable_hub()->set_kind(kind);
    event.mutable_hub()->set_version(VITALGATE_VERSION);
    event.mutable_hub()->set_boot_id(bootId_);
    return event;
}

void Application::probe(std::function<void()> alive) {
    store_->probe(std::move(alive));
}

bool Application::mustRestart() const {
    return store_->status().intake == v1::INTAKE_CLOSED_FAULT;
}

bool Application::isMendedByRestart() const {
    return store_->status().isDamaged;
}

bool Application::isSending() const {
    return std::ranges::any_of(links_, [](const Link& link) {
        const auto state = link.uplink->state();
        return state.connected && state.waiting > 0;
    });
}

std::string Application::summary() const {
    const auto devices = adapter_->devices().size();
    return fmt::format("hub {}: {} device{}, {} uplink{}", hub_, devices, devices == 1 ? "" : "s",
                       links_.size(), links_.size() == 1 ? "" : "s");
}

void Application::stop(std::function<void()> done) {
    isStopping_ = true;
    hubClock_.stop();
    commands_->stop();
    const auto close = [this, done = std::move(done)] {
        links_.clear();
        tellUnsettled();
        store_->close();
        done();
    };
    const auto until = clock_.steady() + kStopAdapter + kDrain + kStopUplinks;
    const auto finish = [this, until, close] { settle(until, close); };
    stopAdapter([this, finish] {
        intake_.record(hubEvent(v1::HUB_EVENT_STOPPING, "the hub is stopping"),
                       [this] { isLastEventStored_ = true; });
        drain(clock_.steady() + kDrain, [this, finish] { stopUplinks(finish); });
    });
}

/// Whichever comes first: the adapter's word, or the end of our patience.
void Application::stopAdapter(std::function<void()> done) {
    auto once = std::make_shared<std::function<void()>>(std::move(done));
    const auto next = [once] {
        if (auto go = std::exchange(*once, nullptr)) go();
    };
    statusTimer_ = clock_.after(kStopAdapter, next);
    adapter_->stop(next);
}

/// What a slow disk holds up goes to the store in the time that the other steps have left: the loop
/// does not turn any more once the store is closed.
void Application::settle(SteadyTime until, std::function<void()> done) {
    if (adapter_->unsettled().held == 0 || clock_.steady() >= until) return done();
    statusTimer_ =
        clock_.after(kLookAgain, [this, until, done = std::move(done)] { settle(until, done); });
}

/// The last word on them: the loop does not turn any more.
void Application::tellUnsettled() const {
    const auto values = adapter_->unsettled();
    if (values.held > 0) {
        log_.error(
            "{} values of devices are lost: the disk was too slow to take them before the stop",
            values.held);
    }
    if (values.given > 0) {
        log_.warning(
            "{} values of devices are being written: lost if the disk is too slow for the stop",
            values.given);
    }
}

/// What is stored may go out while a broker is there: it would only come later.
void Application::drain(SteadyTime until, std::function<void()> done) {
    const bool isDrained = isLastEventStored_ && !isSending();
    if (isDrained || clock_.steady() >= until) return done();
    statusTimer_ =
        clock_.after(kLookAgain, [this, until, done = std::move(done)] { drain(until, done); });
}

void Application::stopUplinks(std::function<void()> done) {
    uplinksToStop_ = links_.size();
    if (links_.empty()) return done();
    for (auto& link : links_) {
        // Posted: an uplink is not destroyed from inside its own call.
        link.uplink->stop(kStopUplinks, [this, done] {
            if (--uplinksToStop_ == 0) asio::post(clock_.loop(), done);
        });
    }
}

}  // namespace vitalgate::app
