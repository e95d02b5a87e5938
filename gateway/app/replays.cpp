#include "gateway/app/replays.hpp"

#include <algorithm>
#include <utility>

#include "gateway/base/failpoint.hpp"
#include "gateway/runtime/answer.hpp"

namespace vitalgate::app {

namespace {

/// Less than the ten minutes after which a command's end is unknown.
constexpr Duration kSearchLimit = std::chrono::minutes{9};

v1::CommandResult refused(std::string text) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_REFUSED);
    result.set_refusal(v1::REFUSAL_OUT_OF_RANGE);
    result.set_text(std::move(text));
    return result;
}

v1::CommandResult failed(std::string text) {
    v1::CommandResult result;
    result.set_state(v1::COMMAND_FAILED);
    result.set_failure(v1::FAILURE_INTERNAL);
    result.set_text(std::move(text));
    return result;
}

v1::CommandResult marked(const store::RangeSet& found, const std::vector<std::string>& uplinks) {
    v1::CommandResult result;
    std::uint64_t count = 0;
    const auto ranges = found.ranges();
    for (const auto& range : ranges) count += range.last - range.first + 1;
    result.set_state(v1::COMMAND_DONE);
    result.set_records(count);
    result.set_text(fmt::format("{} of the sequences {} to {} go again to {}", count,
                                ranges.front().first, ranges.back().last,
                                fmt::join(uplinks, ", ")));
    return result;
}

/// Nothing for a time that no clock of ours can show.
Result<WallTime> timeOf(const google::protobuf::Timestamp& stamp) {
    const auto seconds = std::chrono::seconds{stamp.seconds()};
    const auto limit = std::chrono::floor<std::chrono::seconds>(WallTime::max().time_since_epoch());
    if (seconds >= limit || seconds <= -limit || stamp.nanos() < 0 || stamp.nanos() > 999'999'999) {
        return fail(ErrorKind::invalid, "times has a time that does not exist");
    }
    return fromTimestamp(stamp);
}

}  // namespace

asio::awaitable<v1::CommandResult> Replays::run(v1::Command command, std::string uplink) {
    const auto& replay = command.replay();
    const auto uplinks = targets(replay, uplink);
    if (!uplinks) co_return refused(uplinks.error().message);
    const auto search = searchFor(replay);
    if (!search) co_return refused(search.error().message);
    const auto found = co_await held(*search);
    if (!found) co_return failed("search the store: " + found.error().message);
    if (found->empty()) co_return refused(nothingHeld());
    failpoint("app.replay");
    for (const auto& name : *uplinks) {
        if (!sendAgain_(name, *found, command.id())) co_return failed("the hub is stopping");
    }
    co_return marked(*found, *uplinks);
}

/// The uplink that the command names, else the one that brought it, else all.
Result<std::vector<std::string>> Replays::targets(const v1::Replay& replay,
                                                  const std::string& uplink) const {
    const auto& named = replay.uplink();
    if (!named.empty() && std::ranges::find(uplinks_, named) == uplinks_.end()) {
        return fail(ErrorKind::invalid, "this hub has no uplink of that name");
    }
    if (!named.empty()) return std::vector{named};
    if (std::ranges::find(uplinks_, uplink) != uplinks_.end()) return std::vector{uplink};
    return uplinks_;
}

Result<store::RowSearch> Replays::searchFor(const v1::Replay& replay) const {
    const auto stream = store_.status().stream;
    if (!replay.stream().empty() && replay.stream() != stream) {
        return fail(ErrorKind::invalid, "that stream is not held any more; the present one is {}",
                    stream);
    }
    store::RowSearch search;
    if (replay.has_sequences()) {
        const auto& asked = replay.sequences();
        search.within.first = std::max<std::uint64_t>(asked.first(), 1);
        if (asked.last() != 0) search.within.last = asked.last();
        if (search.within.first > search.within.last) {
            return fail(ErrorKind::invalid, "sequences ends before it begins");
        }
        return search;
    }
    if (!replay.has_times()) return fail(ErrorKind::invalid, "neither sequences nor times is set");
    const auto& times = replay.times();
    const auto from = times.has_from() ? timeOf(times.from()) : WallTime::min();
    const auto to = times.has_to() ? timeOf(times.to()) : WallTime::max();
    for (const auto* time : {&from, &to}) {
        if (!*time) return std::unexpected(time->error());
    }
    if (*from > *to) return fail(ErrorKind::invalid, "times ends before it begins");
    search.from = *from;
    search.to = *to;
    return search;
}

asio::awaitable<Result<store::RangeSet>> Replays::held(store::RowSearch search) {
    Answer<store::RangeSet> answer;
    store_.search(search,
                  [answer](Result<store::RangeSet> found) { answer.set(std::move(found)); });
    auto result = co_await answer.wait(clock_, kSearchLimit);
    co_return result;
}

std::string Replays::nothingHeld() const {
    const auto status = store_.status();
    if (status.rows == 0) return "nothing is held there: the store is empty";
    return fmt::format("nothing is held there: the store holds sequences from {} to {}",
                       status.oldestHeld, status.newest);
}

}  // namespace vitalgate::app
