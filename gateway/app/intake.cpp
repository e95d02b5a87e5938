#include "gateway/app/intake.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/failpoint.hpp"
#include "gateway/store/awaitable_store.hpp"

namespace vitalgate::app {

namespace {

v1::IdBasis basisOf(const MeasurementIdentity& identity) {
    if (identity.deviceTime.empty()) {
        return identity.recordNumber ? v1::ID_RECORD_NUMBER : v1::ID_RECEIPT;
    }
    return identity.recordNumber ? v1::ID_BOTH : v1::ID_DEVICE_TIME;
}

/// What a button says cannot be measured again.
constexpr std::array<std::string_view, 1> kAlarmKinds{"button"};
/// Many values of one continuous signal: one of them is worth less than one measurement.
constexpr std::array<std::string_view, 1> kSeriesKinds{"heart-rate"};

/// Ends what the id of a refused measurement is made of.
constexpr std::uint8_t kRefusalMark = 'R';

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

v1::Priority priorityOf(const v1::Reading& reading) {
    if (contains(kAlarmKinds, reading.kind())) return v1::PRIORITY_ALARM;
    const auto& observations = reading.observations();
    const bool isSeries = std::any_of(observations.begin(), observations.end(),
                                      [](const auto& one) { return one.has_samples(); });
    if (isSeries || contains(kSeriesKinds, reading.kind())) return v1::PRIORITY_SERIES;
    return v1::PRIORITY_READING;
}

v1::Priority priorityOf(const v1::Event& event) {
    const bool isAlarm =
        event.severity() == v1::SEVERITY_ALARM || event.has_loss() || event.has_security();
    if (isAlarm) return v1::PRIORITY_ALARM;
    // What a strap without contact says every second must not push out readings.
    const bool isSeries = event.has_connection() ||
                          (event.has_refused() && contains(kSeriesKinds, event.refused().kind()));
    return isSeries ? v1::PRIORITY_SERIES : v1::PRIORITY_READING;
}

Intake::Intake(IntakeOptions options, store::Store& store, Clock& clock, Random& random,
               Describe describe, Log log)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      random_(random),
      describe_(std::move(describe)),
      events_(std::make_shared<EventKeeper>(store, clock, std::move(log))),
      began_(static_cast<std::uint64_t>(clock.steady().time_since_epoch().count())) {}

crypto::MeasurementId Intake::idOf(const MeasurementIdentity& identity) {
    crypto::MeasurementParts parts{identity.address,    identity.characteristic,
                                   identity.deviceTime, identity.recordNumber,
                                   std::nullopt,        identity.payload};
    if (basisOf(identity) == v1::ID_RECEIPT) {
        parts.arrival = crypto::Arrival{store_.boot(), began_, ++arrivals_};
    }
    return crypto::measurementId(options_.idKey, parts);
}

store::NewRow Intake::rowOf(NewReading made) {
    auto& reading = made.reading;
    const auto id = idOf(made.identity);
    reading.set_id(id.text);
    reading.set_id_basis(basisOf(made.identity));
    // What was told apart by its arrival cannot be named again.
    if (made.amends && basisOf(*made.amends) != v1::ID_RECEIPT) {
        reading.set_amends(idOf(*made.amends).text);
    }
    store::NewRow row;
    row.priority = priorityOf(reading);
    row.id.assign(id.octets.begin(), id.octets.end());
    *row.record.mutable_reading() = std::move(reading);
    return row;
}

/// Read from the device again it is the same event, and never the same as a reading of it.
store::NewRow Intake::rowOf(NewRefusal refusal) {
    auto& payload = refusal.identity.payload;
    payload.push_back(static_cast<std::uint8_t>(refusal.event.refused().reason()));
    payload.push_back(kRefusalMark);
    const auto id = idOf(refusal.identity);
    auto row = rowOf(std::move(refusal.event));
    row.id.assign(id.octets.begin(), id.octets.end());
    row.record.mutable_event()->set_id(id.text);
    return row;
}

store::NewRow Intake::rowOf(v1::Event event) {
    std::array<std::uint8_t, 10> chance{};
    random_.fill(chance);
    event.set_id(crypto::uuidVersion7(clock_.wall(), chance));
    if (!event.has_occurred()) toStamp(clock_.now(), *event.mutable_occurred());
    if (event.severity() == v1::SEVERITY_UNSPECIFIED) event.set_severity(v1::SEVERITY_INFO);

    store::NewRow row;
    row.priority = priorityOf(event);
    *row.record.mutable_event() = std::move(event);
    return row;
}

Intake::Prepared Intake::prepare(Append what) {
    Prepared prepared;
    for (auto& reading : what.readings) prepared.rows.push_back(rowOf(std::move(reading)));
    for (auto& event : what.events) prepared.rows.push_back(rowOf(std::move(event)));
    for (auto& refusal : what.refusals) prepared.rows.push_back(rowOf(std::move(refusal)));
    for (auto& mark : what.bookmarks) {
        prepared.bookmarks.push_back({deviceKey(mark.device), mark.name, mark.value});
    }
    return prepared;
}

asio::awaitable<Result<Accepted>> Intake::append(Append what) {
    auto prepared = prepare(std::move(what));
    failpoint("app.append");
    const auto result = co_await store::append(store_, clock_, std::move(prepared.rows),
                                               std::move(prepared.bookmarks), kCommitLimit);
    if (!result) {
        co_return std::unexpected(
            Error{ErrorKind::unavailable, "intake: " + result.error().message});
    }
    Accepted accepted;
    accepted.duplicates = result->duplicates;
    for (const auto sequence : result->sequences) {
        accepted.newestSequence = std::max(accepted.newestSequence, sequence);
    }
    co_return accepted;
}

void Intake::keep(Append what, std::function<void(Status)> done) {
    auto prepared = prepare(std::move(what));
    store_.append(std::move(prepared.rows), std::move(prepared.bookmarks),
                  [done = std::move(done)](const Result<store::Appended>& result) {
                      if (!result) return done(std::unexpected(result.error().in("intake")));
                      done({});
                  });
}

asio::awaitable<Result<std::string>> Intake::bookmark(std::string device, std::string name) {
    const auto marks =
        co_await store::loadBookmarks(store_, clock_, deviceKey(device), kCommitLimit);
    if (!marks) co_return std::unexpected(marks.error().in("bookmarks"));
    const auto found = std::find_if(marks->begin(), marks->end(),
                                    [&name](const auto& mark) { return mark.name == name; });
    co_return found == marks->end() ? std::string{} : found->value;
}

v1::DeviceDescriptor Intake::complete(v1::DeviceDescriptor descriptor) const {
    descriptor.set_hub(options_.hub);
    descriptor.set_device_key(deviceKey(descriptor.device()));
    if (!descriptor.has_updated()) toStamp(clock_.now(), *descriptor.mutable_updated());
    return descriptor;
}

void Intake::describe(const v1::DeviceDescriptor& descriptor) {
    describe_(complete(descriptor));
}

void Intake::record(v1::Event event, std::function<void()> tried) {
    events_->store(rowOf(std::move(event)), std::move(tried));
}

std::string Intake::deviceKey(const std::string& device) const {
    const auto address = options_.addresses.find(device);
    // A device that a rule admitted is already called by its hash.
    if (address == options_.addresses.end()) return device;
    return deviceKey(address->second);
}

std::string Intake::deviceKey(const BluetoothAddress& address) const {
    return crypto::deviceKey(options_.idKey, address);
}

}  // namespace vitalgate::app
