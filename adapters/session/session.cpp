#include "adapters/session/session.hpp"

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
    {"recall what is known", &Session::recall},
    {"find services", &Session::findServices},
    {"bond", &Session::bondIfRequired},
    {"read device information", &Session::readInformation},
    {"read features", &Session::readFeatures},
    {"compare clock", &Session::compareClock},
    {"open glucose session", &Session::openGlucoseSession},
    {"subscribe", &Session::subscribe},
}};

const std::array<Session::Step, 4> Session::kProcedures{{
    {"consent", &Session::askConsent},
    {"take up what waits", &Session::takeUpWaiting},
    {"read limits of the glucose sensor", &Session::readGlucoseLimits},
    {"fetch records", &Session::fetchRecords},
}};

Session::Session(std::shared_ptr<GattLink> link, Clock& clock, Sink& sink, DeviceSettings settings,
                 SessionOptions options, Log log, v1::DeviceDescriptor known)
    : link_(std::move(link)),
      clock_(clock),
      sink_(sink),
      settings_(std::move(settings)),
      configuredSubjects_(settings_.subjects),
      options_(std::move(options)),
      log_(std::move(log)),
      calls_(*link_, options_.limits, log_),
      zone_(options_.zone),
      connected_(clock.now()),
      bucket_(options_.limits.valuesPerSecond, std::chrono::seconds{1}, options_.limits.burst),
      descriptor_(known.device().empty() ? startDescriptor(settings_, options_.plainIdentifiers)
                                         : std::move(known)) {
    // A bonded device sends before it can be asked who it is.
    takeQuirk();
}

asio::awaitable<Status> Session::run() {
    const auto self = shared_from_this();
    const auto ended = co_await converse();
    refuseJobs();
    if (ended) co_return ended;
    co_return failIn("device " + settings_.id, ended);
}

void Session::stop() {
    draining_ = true;
    pause_.set(std::monostate{});
    link_->stop();
}

asio::awaitable<Status> Session::converse() {
    auto ready = co_await prepare();
    wasReady_ = ready.has_value();
    // Also before a failure is told: what comes after it is put together with what waits.
    Status going;
    if (canTakeUp()) going = co_await takeUpWaiting();
    if (!ready) going = ready;
    if (going) going = co_await runProcedures();
    Error end = going ? Error() : going.error();
    if (going) end = co_await collect(options_.limits.idle);
    if (going && end.kind == ErrorKind::timedOut) end = co_await fetchOnceMore(end);
    if (end.kind != ErrorKind::disconnected && end.kind != ErrorKind::cancelled) co_await hangUp();
    // Also after a failure: a bonded device sends what it has as soon as it is connected, and holds
    // as delivered whatever has arrived.
    draining_ = true;
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
    if (!hasNumberedRecords()) co_return end;
    const auto fetched = co_await fetchRecords();
    if (broken_) co_return *broken_;
    if (!fetched && endsConversation(fetched.error())) co_return fetched.error();
    co_return end;
}

asio::awaitable<Status> Session::prepare() {
    for (const auto& step : kSteps) {
        const auto done = co_await (this->*step.run)();
        if (!done) co_return failIn(step.name, done);
    }
    co_return Status{};
}

asio::awaitable<Status> Session::runProcedures() {
    for (const auto& step : kProcedures) {
        const auto done = co_await (this->*step.run)();
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
    joiner_.expectComposition(database_.find(kWeight) && database_.find(kBodyComposition));
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
    const auto read = co_await readAll(profiles::Role::information);
    takeQuirk();
    describe();
    co_return read;
}

asio::awaitable<Status> Session::readFeatures() {
    co_return co_await readAll(profiles::Role::feature);
}

asio::awaitable<Status> Session::readAll(profiles::Role role) {
    const auto endpoints = database_.endpoints(role);
    for (const auto& endpoint : endpoints) {
        if (!endpoint.characteristic.canRead) continue;
        const auto value = co_await calls_.read(endpoint.characteristic);
        if (value) {
            takeStatic(endpoint, *value);
            continue;
        }
        if (endsConversation(value.error())) co_return failIn(endpoint.spec->name, value);
        log_.info("read {}: {}", endpoint.spec->name, value.error().message);
        // The device answers in order: what comes next would only wait as long again.
        if (value.error().kind == ErrorKind::timedOut) break;
    }
    co_return Status{};
}

void Session::takeStatic(const Endpoint& endpoint, Bytes value) {
    const auto decoded = endpoint.spec->decode(value, {});
    if (!decoded) {
        log_.info("read {}: {}", endpoint.spec->name, decoded.error().message);
        return;
    }
    if (endpoint.spec->role == profiles::Role::feature) database_.setFeature(endpoint, value);
    if (endpoint.spec->uuid == profiles::kLocalTimeInformation) takeZone(value);
    const auto* fields = std::get_if<std::vector<profiles::Field>>(&*decoded);
    if (fields != nullptr) describeFields(*fields, options_.plainIdentifiers, descriptor_);
}

void Session::takeQuirk() {
    const auto advertised = link_->advertisedName();
    const DeviceNames names{descriptor_.manufacturer(), descriptor_.model(), advertised};
    quirk_ = chooseQuirk(settings_.quirk, names);
    descriptor_.set_quirk(std::string(quirk_->name));
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
    const auto clock = deviceClock_.message();
    if (clock) *descriptor_.mutable_clock() = *clock;
    descriptor_.clear_commands();
    for (auto& spec : commands()) *descriptor_.add_commands() = std::move(spec);
    sink_.describe(descriptor_);
}

}  // namespace vitalgate::session
