#include "gateway/uplink/delivery.hpp"

#include <algorithm>
#include <utility>

#include "gateway/base/failpoint.hpp"
#include "gateway/uplink/batch.hpp"
#include "gateway/uplink/lane_limits.hpp"
#include "gateway/uplink/outgoing.hpp"
#include "gateway/uplink/publish_verdict.hpp"
#include "gateway/uplink/set_aside_loss.hpp"

namespace vitalgate::uplink {
namespace {

constexpr std::size_t kMaximumRoutes = 256;
constexpr std::size_t kMaximumReplays = 16;
constexpr std::size_t kMaximumRanges = 64;
/// What is sent again for want of a receipt goes in such steps, so that a row that was never sent
/// waits for one of them at most.
constexpr std::uint64_t kSendAgainStep = 1000;
/// So long a message may be without an answer on a connection that stands.
constexpr Duration kAnswerLimit = std::chrono::minutes{10};
constexpr int kPacketTooLarge = 0x95;

}  // namespace

Delivery::Delivery(DeliveryOptions options, Topics topics, store::Store& store, Clock& clock,
                   Random& random, Log log)
    : options_(std::move(options)),
      topics_(std::move(topics)),
      store_(store),
      clock_(clock),
      random_(random),
      log_(std::move(log)),
      confirmations_(options_.receiptLimit, store.status().newest),
      examination_(topics_.hub(), store, confirmations_, log_) {
    examination_.onBelieved([this](const ReceiptClaim& claim) { applyReceipt(claim); });
}

Delivery::~Delivery() = default;

void Delivery::load(std::function<void(Status)> done) {
    store_.loadSets(options_.uplink, [this, known = std::weak_ptr(connection_),
                                      done = std::move(done)](Result<store::DeliverySets> sets) {
        if (known.expired()) return;
        if (!sets) {
            done(failIn("read what was delivered", sets));
            return;
        }
        loaded_ = true;
        sent_ = confirmations_.load(*sets, clock_.steady());
        again_.add(sets->again);
        awaySince_ = clock_.steady();
        done({});
    });
}

void Delivery::connected(const MqttConnected& connection, Publish publish) {
    ++*connection_;
    publish_ = std::move(publish);
    mostLimits_ = limits_ = limitsWith({options_.window, options_.batchBytes, 0}, connection);
    refusals_ = 0;
    gaps_.connected();
    lanes_.emplace(limits_, sent_, store_.status().newest, random_, again_);
    lanes_->setOthersInFlight(others_);
    pace_ = BacklogPace(limits_.batchBytes * (limits_.window + 1), limits_.batchBytes);
    resumeSuspicion();
    log_.debug("window {}, batches up to {} bytes, {} rows wait", limits_.window,
               limits_.batchBytes, waiting());
}

/// What earlier connections have shown.
void Delivery::resumeSuspicion() {
    const auto now = clock_.steady();
    suspicion_.connected(now);
    suspicion_.settled(lanes_->sent());
    for (auto& proven : suspicion_.takeProven()) {
        lanes_->setAside({std::move(proven.row), std::move(proven.cover), kEndsConnection});
    }
    for (const auto& suspect : suspicion_.heldBack()) {
        log_.warning("row {} is held back: the broker ended the connection at it",
                     suspect.row.sequence);
        lanes_->holdBack(suspect.cover);
    }
    lanes_->takeApart(suspicion_.apart());
    applySuspicion();
    reportRefused();
}

void Delivery::applySuspicion() {
    const auto now = clock_.steady();
    if (!suspicion_.isQuiet()) suspicion_.settled(lanes_->sent());
    if (const auto cover = suspicion_.nextTrial(now)) lanes_->letGo(*cover, now);
    limits_ = mostLimits_;
    if (suspicion_.goesOneAtATime(now)) limits_.window = 1;
    limits_.batchBytes =
        std::clamp(suspicion_.batchBytes(), 2 * kBatchHeaderBytes, mostLimits_.batchBytes);
    lanes_->setLimits(limits_);
}

void Delivery::disconnected() {
    if (!lanes_) return;
    suspicion_.disconnected(clock_.steady());
    ++*connection_;
    sent_ = lanes_->sent();
    again_ = lanes_->again();
    if (!awaySince_) awaySince_ = clock_.steady();
    lanes_.reset();
    wake_.cancel();
    publish_ = nullptr;
    save(false);
}

void Delivery::committed(std::uint64_t newest) {
    // The sets rode in that commit.
    unsaved_ = 0;
    if (!lanes_) return;
    lanes_->committed(newest, clock_.steady());
    pump();
}

void Delivery::setOthersInFlight(std::size_t count) {
    others_ = count;
    if (!lanes_) return;
    lanes_->setOthersInFlight(count);
    pump();
}

bool Delivery::hasRoomBeside(std::size_t others) const {
    return lanes_ && lanes_->inFlight() + others < limits_.window;
}

std::uint64_t Delivery::waiting() const {
    const auto newest = store_.status().newest;
    std::uint64_t delivered = 0;
    for (const auto& range : sent().ranges()) {
        if (range.first > newest) break;
        delivered += std::min(range.last, newest) - range.first + 1;
    }
    return newest - delivered;
}

bool Delivery::acknowledged(std::uint64_t number, int reason) {
    if (!lanes_) return false;
    pace_.answered(number, clock_.steady());
    suspicion_.answered(number, reason < 0x80);
    if (reason < 0x80) {
        failpoint("uplink.acknowledge");
        const auto acknowledgement = lanes_->acknowledged(number);
        if (!acknowledgement) return false;
        if (acknowledgement->lane == v1::LANE_REPLAY) {
            repeated(acknowledgement->cover);
        } else {
            confirmations_.acknowledged(setOf(acknowledgement->cover), clock_.steady());
        }
        failpoint("uplink.save-sets");
        ++unsaved_;
        save(unsaved_ * 2 >= limits_.window);
        failpoint("uplink.acknowledged");
        pump();
        return true;
    }
    ++refusals_;
    lastRefusal_ = reason;
    log_.warning("the broker refused a message: {} (0x{:02X})", publishReasonText(reason), reason);
    lanes_->refused(number, reason, clock_.steady());
    if (auto why = reasonToReconnect(reason)) {
        suspicion_.disregard();
        if (reconnect_) reconnect_(std::move(*why));
        return true;
    }
    reportRefused();
    takeGone();
    pump();
    return true;
}

/// While one topic is refused and others are taken, a new connection would only hold these up.
std::optional<Error> Delivery::reasonToReconnect(int refusal) {
    const auto text = publishReasonText(refusal);
    if (publishVerdict(refusal) == PublishVerdict::reconnect) {
        return Error{ErrorKind::disconnected, fmt::format("the broker answered {}", text)};
    }
    const auto now = clock_.steady();
    if (refusal != kNotAuthorized || !lanes_->isPaused(now)) return std::nullopt;
    if (!reauthentication_.isWorthTrying(now)) return std::nullopt;
    return Error{ErrorKind::authentication,
                 fmt::format("the broker takes nothing ({}): the hub connects anew, to show its "
                             "credentials again",
                             text)};
}

void Delivery::save(bool now) {
    // What was never read must not be overwritten with nothing.
    if (!loaded_) return;
    if (now) unsaved_ = 0;
    store::DeliverySets sets;
    sets.sent = sent();
    sets.sent.limitTo(kMaximumRanges);
    sets.stored = confirmations_.stored(sets.sent);
    sets.stored.limitTo(kMaximumRanges);
    sets.again = again();
    store_.saveSets(options_.uplink, std::move(sets), now);
}

/// A store that answers at once calls back from inside pumpOnce().
void Delivery::pump() {
    pumpOnceMore_ = true;
    if (pumping_) return;
    pumping_ = true;
    while (std::exchange(pumpOnceMore_, false)) pumpOnce();
    pumping_ = false;
    if (lanes_) scheduleWake();
}

void Delivery::scheduleWake() {
    std::optional<SteadyTime> first;
    const auto consider = [&first](const std::optional<SteadyTime>& time) {
        if (time) first = first ? std::min(*first, *time) : *time;
    };
    consider(lanes_->deadline());
    consider(gaps_.deadline());
    consider(suspicion_.deadline(clock_.steady()));
    if (const auto sent = suspicion_.oldestUnanswered()) consider(*sent + kAnswerLimit);
    if (!awaySince_) consider(confirmations_.deadline());
    if (first) {
        wake_ = clock_.after(*first - clock_.steady(), [this] { wake(); });
    } else {
        wake_.cancel();
    }
}

/// A broker that is there and has lost a message or its acknowledgement would hold its place in the
/// window for ever; a new connection sends it again.
void Delivery::wake() {
    const auto sent = suspicion_.oldestUnanswered();
    if (!sent || clock_.steady() - *sent < kAnswerLimit) return pump();
    suspicion_.disregard();
    if (!reconnect_) return;
    reconnect_({ErrorKind::timedOut, fmt::format("the broker has not acknowledged a message within "
                                                 "{}: it is sent again",
                                                 formatDuration(kAnswerLimit))});
}

void Delivery::pumpOnce() {
    repeatPutOff();
    while (lanes_) {
        applySuspicion();
        lanes_->setBacklogRoom(pace_.room());
        if (const auto request = lanes_->nextFetch(clock_.steady())) {
            fetch(*request);
        } else if (const auto message = lanes_->nextMessage(clock_.steady())) {
            send(*message);
        } else if (!resendOverdue()) {
            break;
        }
    }
}

void Delivery::fetch(const LaneFetch& request) {
    const auto connection = *connection_;
    store_.fetch(request.within, request.except, request.maximumBytes,
                 [this, known = std::weak_ptr(connection_), connection,
                  number = request.number](Result<std::vector<store::StoredRow>> rows) {
                     const auto current = known.lock();
                     if (!current || *current != connection || !lanes_) return;
                     if (rows) {
                         lanes_->fetched(number, std::move(*rows));
                         takeGone();
                     } else {
                         log_.error("read rows: {}", rows.error().message);
                         lanes_->fetchFailed(number, clock_.steady());
                     }
                     pump();
                 });
}

void Delivery::send(const LaneMessage& message) {
    const auto status = store_.status();
    v1::Batch header;
    header.set_hub(topics_.hub());
    header.set_stream(status.stream);
    header.set_oldest_held(status.oldestHeld);
    header.set_newest(status.newest);
    header.set_lane(message.lane);
    if (message.lane == v1::LANE_REPLAY) {
        header.set_command_id(replayOf(message.rows.front().sequence));
    }
    auto payload = encodeBatch(header, message.rows);
    if (payload.size() > limits_.maximumBytes) {
        lanes_->refused(message.number, kPacketTooLarge, clock_.steady());
        reportRefused();
        takeGone();
        pumpOnceMore_ = true;
        return;
    }
    if (message.lane != v1::LANE_LIVE) {
        pace_.sent(message.number, payload.size(), clock_.steady());
    }
    if (message.lane != v1::LANE_REPLAY) confirmations_.published(setOf(message.cover));
    suspicion_.sent(message, payload.size(), clock_.steady());
    failpoint("uplink.publish");
    publish_(message.number, message.lane == v1::LANE_LIVE
                                 ? liveMessage(std::move(payload), message.rows.front())
                                 : outgoing(topics_.batches(), std::move(payload), "Batch", false));
    failpoint("uplink.published");
}

MqttMessage Delivery::liveMessage(std::string payload, const store::StoredRow& row) const {
    v1::Record record;
    // A record that does not parse is still delivered: the consumer keeps its bytes.
    if (!record.ParseFromString(row.bytes)) record.Clear();
    std::string suffix;
    std::string correlation;
    if (record.has_result()) {
        correlation = record.result().correlation();
        const auto route = routes_.find(record.result().command_id());
        if (route != routes_.end()) {
            suffix = route->second.suffix;
            correlation = route->second.correlation;
        }
    }
    auto message = outgoing(topics_.live(record, suffix), std::move(payload), "Batch", false);
    message.correlation = std::move(correlation);
    return message;
}

/// What was sent and never came to be confirmed; the broker may have lost it. It waits for all that
/// was never sent. True if there is something to send now.
bool Delivery::resendOverdue() {
    if (!lanes_ || awaySince_) return false;
    noteOverdue();
    if (!confirmations_.hasToSendAgain() || !lanes_->isOutOfBacklog()) return false;
    lanes_->forget(confirmations_.takeToSendAgain(kSendAgainStep));
    save(false);
    return true;
}

void Delivery::noteOverdue() {
    const auto overdue = confirmations_.takeOverdue(clock_.steady());
    if (overdue.empty()) return;
    log_.warning("no receipt came in time for {} sequences: they are sent again", overdue.count());
    tellUnconfirmed();
}

void Delivery::tellUnconfirmed() {
    const bool isAny = confirmations_.overdue() > 0;
    if (std::exchange(toldUnconfirmed_, isAny) == isAny) return;
    if (unconfirmedChanged_) unconfirmedChanged_();
}

void Delivery::receiptsReadable() {
    if (awaySince_) confirmations_.wasAway(*awaySince_, clock_.steady());
    awaySince_.reset();
    pump();
}

void Delivery::takeGone() {
    confirmations_.settled(lanes_->takeGone(), clock_.steady());
    tellUnconfirmed();
    const auto givenUp = lanes_->takeGivenUp();
    if (givenUp.empty()) return;
    log_.warning("{} sequences that were asked for again cannot be sent", givenUp.count());
    repeated(givenUp.ranges());
    save(false);
}

/// They left `again`: what of them is sent and unconfirmed awaits its receipt from now on.
void Delivery::repeated(const std::vector<store::Range>& cover) {
    const auto ranges = setOf(cover);
    gaps_.sent(ranges);
    confirmations_.acknowledged(ranges.commonWith(sent()), clock_.steady());
    for (auto& replay : replays_) replay.ranges.remove(ranges);
    std::erase_if(replays_, [](const Replay& replay) { return replay.ranges.empty(); });
}

std::string Delivery::replayOf(std::uint64_t sequence) const {
    for (const auto& replay : replays_) {
        if (replay.ranges.contains(sequence)) return replay.commandId;
    }
    return {};
}

void Delivery::sendAgain(const store::RangeSet& ranges, const std::string& commandId) {
    replays_.push_back({commandId, ranges});
    if (replays_.size() > kMaximumReplays) replays_.pop_front();
    gaps_.commanded(ranges);
    repeat(ranges);
}

void Delivery::repeat(const store::RangeSet& ranges) {
    if (ranges.empty()) return;
    confirmations_.askedAgain(ranges);
    if (lanes_) {
        lanes_->addAgain(ranges);
    } else {
        again_.add(ranges);
        again_.widenTo(ReplayLane::kMaximumRanges);
    }
    save(false);
    pump();
}

void Delivery::repeatPutOff() {
    repeat(gaps_.takeDue(again(), clock_.steady()));
}

void Delivery::receipt(const std::string& payload) {
    if (confirmations_.byReceipt()) examination_.examine(payload);
}

void Delivery::applyReceipt(const ReceiptClaim& claim) {
    failpoint("uplink.receipt");
    confirmations_.confirmed(claim.stored, clock_.steady());
    const auto unwanted = gaps_.confirmed(claim.stored);
    if (lanes_) {
        lanes_->confirmed(claim.stored);
        lanes_->removeAgain(unwanted);
    } else {
        sent_.add(claim.stored);
        again_.remove(unwanted);
    }
    tellUnconfirmed();
    applyGapReport(claim.missing);
    save(false);
    failpoint("uplink.receipt-applied");
    pump();
}

void Delivery::applyGapReport(const store::RangeSet& reported) {
    const store::RangeSet held({store_.status().oldestHeld, store::kMaximumSequence});
    const auto missing = reported.commonWith(held);
    auto gone = reported;
    gone.remove(missing);
    // A service may tell of the same gap each second.
    if (!gone.empty() && gone != missedForGood_) {
        log_.warning("the service lacks {} sequences that are no longer held", gone.count());
    }
    missedForGood_ = std::move(gone);
    // As long as it counts as stored it may go as history before it is sent.
    confirmations_.missed(missing);
    repeat(gaps_.reported(missing, again(), clock_.steady()));
}

void Delivery::routeResult(const std::string& commandId, std::string suffix,
                           std::string correlation) {
    if (!routes_.contains(commandId)) routeOrder_.push_back(commandId);
    routes_[commandId] = {std::move(suffix), std::move(correlation)};
    if (routeOrder_.size() > kMaximumRoutes) {
        routes_.erase(routeOrder_.front());
        routeOrder_.pop_front();
    }
}

void Delivery::reportRefused() {
    for (auto& refused : lanes_->takeRefused()) {
        v1::Record record;
        // A loss record that is refused itself is kept and tried again: it must not breed others.
        if (record.ParseFromString(refused.row.bytes) && record.event().has_loss()) {
            notTold(refused.cover, true);
            continue;
        }
        log_.error("row {} is set aside for this broker: {}", refused.row.sequence,
                   publishReasonText(refused.reason));
        const auto connection = *connection_;
        store_.append(
            {setAsideLoss(refused, options_.uplink, store_.status().stream, clock_, random_)}, {},
            [this, known = std::weak_ptr(connection_), connection,
             cover = refused.cover](const Result<store::Appended>& result) {
                const auto current = known.lock();
                if (current) lossStored(cover, result, *current == connection);
            });
    }
}

/// The loss record is the delivery of that row, whatever has become of the connection.
void Delivery::lossStored(const std::vector<store::Range>& cover,
                          const Result<store::Appended>& result, bool sameConnection) {
    if (result) confirmations_.settled(setOf(cover), clock_.steady());
    tellUnconfirmed();
    if (result && lanes_) {
        lanes_->asideDone(cover);
    } else if (result) {
        for (const auto& range : cover) sent_.add(range);
    } else {
        log_.error("store a loss record: {}", result.error().message);
        notTold(cover, sameConnection);
    }
    if (result) save(false);
    pump();
}

void Delivery::notTold(const std::vector<store::Range>& cover, bool sameConnection) {
    if (suspicion_.notTold(setOf(cover)) || !lanes_ || !sameConnection) return;
    lanes_->asideFailed(cover, clock_.steady());
}

}  // namespace vitalgate::uplink
