#include "adapters/session/session.hpp"

#include <exception>
#include <typeinfo>

#include "adapters/session/descriptor.hpp"

// The way of a conversation up to the first value: what devices want to be asked, in their order.
namespace vitalgate::session {

namespace {

constexpr std::uint16_t kWeight = 0x2A9D;
constexpr std::uint16_t kBodyComposition = 0x2A9C;

/// By the device, or because it had nothing to say any more.
bool isUsualEnd(const Error& error) {
    return error.kind == ErrorKind::disconnected || error.kind == ErrorKind::timedOut;
}

v1::DisconnectReason reasonOf(ErrorKind kind, bool wasReady) {
    switch (kind) {
        case ErrorKind::disconnected:
            return v1::DISCONNECT_UNSPECIFIED;
        case ErrorKind::authentication:
            return v1::DISCONNECT_AUTHENTICATION;
        case ErrorKind::timedOut:
            return wasReady ? v1::DISCONNECT_BY_HUB : v1::DISCONNECT_TIMED_OUT;
        default:
            return v1::DISCONNECT_BY_HUB;
    }
}

/// Those that give measurements; of the configured kinds, where some are configured.
std::vector<Uuid> expectedServices(const DeviceSettings& settings) {
    std::vector<Uuid> services;
    for (const auto& profile : profiles::allProfiles()) {
        if (!profile.kind.empty() && isWanted(profile, settings)) {
            services.emplace_back(profile.service);
        }
    }
    return services;
}

}  // namespace

const std::array<Session::Step, 8> Session::kSteps{{
    {"recall what is known", [](Session& session) { return session.recall(); }},
    {"find services", [](Session& session) { return session.findServices(); }},
    {"bond", [](Session& session) { return session.bondIfRequired(); }},
    {"read device information", [](Session& session) { return session.readInformation(); }},
    {"read features", [](Session& session) { return session.readFeatures(); }},
    {"compare clock", [](Session& session) { return session.clocks_.compare(); }},
    {"open glucose session", [](Session& session) { return session.glucose_.open(); }},
    {"subscribe", [](Session& session) { return session.subscribe(); }},
}};

const std::array<Session::Step, 4> Session::kProcedures{{
    {"consent", [](Session& session) { return session.people_.askConsent(); }},
    {"take up what waits", [](Session& session) { return session.gathering_.takeUp(); }},
    {"read limits of the glucose sensor",
     [](Session& session) { return session.glucose_.readSettings(); }},
    {"fetch records", [](Session& session) { return session.records_.fetch(); }},
}};

Session::Session(std::shared_ptr<GattLink> link, Clock& clock, Sink& sink, DeviceSettings settings,
                 SessionOptions options, Log log, v1::DeviceDescriptor known)
    : link_(std::move(link)),
      clock_(clock),
      sink_(sink),
      settings_(std::move(settings)),
      options_(std::move(options)),
      log_(std::move(log)),
      calls_(*link_, options_.limits, log_),
      connected_(clock.now()),
      descriptor_(known.device().empty() ? startDescriptor(settings_, options_.plainIdentifiers)
                                         : std::move(known)) {}

asio::awaitable<Status> Session::run() {
    const auto self = shared_from_this();
    Status ended;
    std::string broken;
    try {
        ended = co_await converse();
    } catch (const std::exception& thrown) {
        // Its kind alone: its text may name the device.
        broken = typeid(thrown).name();
    }
    if (!broken.empty()) {
        co_await giveUp();
        ended = fail(ErrorKind::internal, "the conversation broke: {}", broken);
    }
    commands_.refuse();
    if (ended) co_return ended;
    co_return failIn("device " + settings_.id, ended);
}

/// What was taken and not kept is counted also when memory was short, say.
asio::awaitable<void> Session::giveUp() {
    given_ = 0;
    beginDraining();
    commitFailed_ = true;
    if (reason_ == v1::DISCONNECT_UNSPECIFIED) reason_ = v1::DISCONNECT_BY_HUB;
    co_await countUnkept();
}

void Session::stop() {
    beginDraining();
    link_->stop();
}

void Session::beginDraining() {
    draining_ = true;
    commands_.close();
    flood_.open();
}

std::vector<v1::CommandSpec> Session::commands() const {
    return commands_.offered();
}

asio::awaitable<v1::CommandResult> Session::execute(v1::Command command) {
    const auto self = shared_from_this();
    co_return co_await commands_.execute(std::move(command));
}

asio::awaitable<Status> Session::converse() {
    auto ready = co_await prepare();
    wasReady_ = ready.has_value();
    // Also before a failure is told: what comes after it is put together with what waits.
    // Not before it is known to whom its numbers belong.
    Status going;
    if (!people_.needConsent()) going = co_await gathering_.takeUp();
    if (!ready) going = ready;
    if (going) going = co_await runProcedures();
    Error end = going ? Error() : going.error();
    if (going) end = co_await collect(options_.limits.idle);
    if (going && end.kind == ErrorKind::timedOut) end = co_await fetchOnceMore(end);
    if (end.kind != ErrorKind::disconnected && end.kind != ErrorKind::cancelled) co_await hangUp();
    // Also after a failure: a bonded device sends what it has as soon as it is connected, and holds
    // as delivered whatever has arrived.
    beginDraining();
    const auto rest = co_await collect(Duration::zero());
    co_await countUnkept();
    if (reason_ == v1::DISCONNECT_UNSPECIFIED) reason_ = reasonOf(end.kind, ready.has_value());
    if (!ready) co_return ready;
    if (!isUsualEnd(end)) co_return std::unexpected(end);
    if (!isUsualEnd(rest)) co_return std::unexpected(rest);
    co_return Status{};
}

/// Before the hub hangs up: some meters keep in memory alone what is measured while connected.
asio::awaitable<Error> Session::fetchOnceMore(Error end) {
    if (!records_.hasNumberedRecords()) co_return end;
    const auto fetched = co_await records_.fetch();
    if (broken_) co_return *broken_;
    if (!fetched && endsConversation(fetched.error())) co_return fetched.error();
    co_return end;
}

asio::awaitable<Status> Session::prepare() {
    for (const auto& step : kSteps) {
        const auto done = co_await step.run(*this);
        if (!done) co_return failIn(step.name, done);
    }
    co_return Status{};
}

asio::awaitable<Status> Session::runProcedures() {
    for (const auto& step : kProcedures) {
        const auto done = co_await step.run(*this);
        if (broken_) co_return std::unexpected(*broken_);
        if (!done && endsConversation(done.error())) co_return done;
        if (!done) log_.warning("{}: {}", step.name, done.error().message);
    }
    co_return Status{};
}

asio::awaitable<Status> Session::findServices() {
    const auto expected = expectedServices(settings_);
    const auto found = co_await link_->discover(expected, options_.limits.discover);
    if (!found) co_return std::unexpected(found.error());
    database_ = Database(*found, settings_);
    gathering_.expectComposition(database_.find(kWeight) && database_.find(kBodyComposition));
    const auto kinds = database_.kinds();
    if (kinds.empty()) {
        co_return fail(ErrorKind::unsupported, "it offers no measurement that this hub reads");
    }
    descriptor_.clear_profiles();
    for (const auto& kind : kinds) descriptor_.add_profiles(kind);
    co_return Status{};
}

asio::awaitable<Status> Session::bondIfRequired() {
    const bool isWanted = settings_.requireBond || settings_.passkey;
    if (!isWanted || link_->security() >= v1::LINK_ENCRYPTED) co_return Status{};
    co_return co_await calls_.bond();
}

asio::awaitable<Status> Session::readInformation() {
    const auto read = co_await information_.readAll(profiles::Role::information);
    information_.takeQuirk();
    describe();
    co_return read;
}

asio::awaitable<Status> Session::readFeatures() {
    co_return co_await information_.readAll(profiles::Role::feature);
}

asio::awaitable<Status> Session::subscribe() {
    Status last = fail(ErrorKind::unsupported, "it can neither notify nor indicate");
    bool any = false;
    const auto endpoints = database_.endpoints(profiles::Role::measurement);
    for (const auto& endpoint : endpoints) {
        const auto& characteristic = endpoint.characteristic;
        if (!characteristic.canNotify && !characteristic.canIndicate) continue;
        const auto subscribed = co_await calls_.subscribe(characteristic);
        if (subscribed) {
            any = true;
            continue;
        }
        last = failIn(endpoint.spec->name, subscribed);
        if (endsConversation(last.error())) co_return last;
        log_.warning("subscribe: {}", last.error().message);
    }
    if (any) log_.debug("subscribed; waiting for measurements");
    co_return any ? Status{} : last;
}

asio::awaitable<void> Session::hangUp() {
    const auto done = co_await link_->disconnect(options_.limits.disconnect);
    if (!done) log_.debug("disconnect: {}", done.error().message);
}

void Session::describe() {
    toStamp(clock_.now(), *descriptor_.mutable_updated());
    descriptor_.set_adapter(link_->adapterName());
    const auto rssi = link_->rssiDbm();
    if (rssi) descriptor_.set_rssi_dbm(*rssi);
    const auto clock = clocks_.clock().message();
    if (clock) *descriptor_.mutable_clock() = *clock;
    descriptor_.clear_commands();
    for (auto& spec : commands()) *descriptor_.add_commands() = std::move(spec);
    sink_.describe(descriptor_);
}

}  // namespace vitalgate::session
