#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "gateway/runtime/random.hpp"
#include "gateway/store/store.hpp"
#include "gateway/uplink/backlog_pace.hpp"
#include "gateway/uplink/confirmations.hpp"
#include "gateway/uplink/gap_reports.hpp"
#include "gateway/uplink/lanes.hpp"
#include "gateway/uplink/mqtt_transport.hpp"
#include "gateway/uplink/reauthentication.hpp"
#include "gateway/uplink/receipt_examination.hpp"
#include "gateway/uplink/suspicion.hpp"
#include "gateway/uplink/topics.hpp"

namespace vitalgate::uplink {

struct DeliveryOptions {
    std::string uplink;  ///< its name: key of its state in the store
    std::size_t window = 100;
    std::size_t batchBytes = 64 * 1024;
    /// What is not confirmed by a receipt within this time is sent again; none: what the broker
    /// acknowledged is delivered.
    std::optional<Duration> receiptLimit;
};

/// Brings the store's rows to one broker: drives Lanes with a store, a connection and time, and
/// keeps what was acknowledged across connections and restarts. While a broker is away it does
/// nothing.
class Delivery {
  public:
    using Publish = std::function<void(std::uint64_t number, MqttMessage message)>;

    /// Store, clock and random must outlive it.
    Delivery(DeliveryOptions options, Topics topics, store::Store& store, Clock& clock,
             Random& random, Log log);
    ~Delivery();

    /// Reads what was acknowledged in earlier lives; nothing is sent before.
    void load(std::function<void(Status)> done);

    /// Sends nothing before setOthersInFlight(): the status goes first.
    void connected(const MqttConnected& connection, Publish publish);
    void disconnected();
    /// Rows were committed up to `newest`.
    void committed(std::uint64_t newest);
    /// False if the number is none of ours. A refusal may call for a new connection.
    bool acknowledged(std::uint64_t number, int reason);
    void onReconnectWanted(std::function<void(Error)> handler) { reconnect_ = std::move(handler); }
    /// The broker lets the hub read receipts on this connection. Before that none can come, so
    /// none is late.
    void receiptsReadable();
    /// A message on the topic of receipts; with a receipt limit only.
    void receipt(const std::string& payload);
    /// Gets why a receipt was refused: "it names 7 as stored and as missing".
    void onReceiptRefused(std::function<void(std::string why)> handler) {
        examination_.onRefused(std::move(handler));
    }
    /// Sends these once more, as far as they are held, behind all else; survives a restart, except
    /// for the id of the command, which stands in the batches.
    void sendAgain(const store::RangeSet& ranges, const std::string& commandId);
    /// Sequences whose receipt did not come in time, and not since.
    [[nodiscard]] std::uint64_t unconfirmed() const { return confirmations_.overdue(); }
    /// That number is no longer 0, or is 0 again.
    void onUnconfirmed(std::function<void()> handler) { unconfirmedChanged_ = std::move(handler); }

    /// Messages of other kinds, in flight or waiting for their place, use the same window.
    void setOthersInFlight(std::size_t count);
    /// True if beside so many messages of other kinds one more fits into the window.
    [[nodiscard]] bool hasRoomBeside(std::size_t others) const;

    /// The result of this command goes to results/`suffix` with this correlation; the latest 256
    /// commands are remembered, others go to results.
    void routeResult(const std::string& commandId, std::string suffix, std::string correlation);

    /// End of the range from 1 that is delivered.
    [[nodiscard]] std::uint64_t cursor() const { return confirmations_.stored(sent()).cursor(); }
    /// Sequences that the broker has not acknowledged.
    [[nodiscard]] std::uint64_t waiting() const;
    /// How many refusals there were since the connection began, and the latest reason.
    [[nodiscard]] std::uint32_t refusals() const { return refusals_; }
    [[nodiscard]] int lastRefusal() const { return lastRefusal_; }
    /// Rows that wait because the broker ended connections at them, while others go.
    [[nodiscard]] std::size_t heldBack() const { return suspicion_.heldBack().size(); }
    void saveNow() { save(true); }

  private:
    struct ResultRoute {
        std::string suffix;
        std::string correlation;
    };
    /// A replay command that is being carried out.
    struct Replay {
        std::string commandId;
        store::RangeSet ranges;
    };

    void pump();
    void pumpOnce();
    void resumeSuspicion();
    void applySuspicion();
    void fetch(const LaneFetch& request);
    void send(const LaneMessage& message);
    [[nodiscard]] MqttMessage liveMessage(std::string payload, const store::StoredRow& row) const;
    void applyReceipt(const ReceiptClaim& claim);
    void applyGapReport(const store::RangeSet& reported);
    void repeat(const store::RangeSet& ranges);
    void repeated(const std::vector<store::Range>& cover);
    void scheduleWake();
    void wake();
    void repeatPutOff();
    [[nodiscard]] bool resendOverdue();
    void noteOverdue();
    void tellUnconfirmed();
    void takeGone();
    [[nodiscard]] std::optional<Error> reasonToReconnect(int refusal);
    [[nodiscard]] std::string replayOf(std::uint64_t sequence) const;
    void reportRefused();
    void lossStored(const std::vector<store::Range>& cover, const Result<store::Appended>& result,
                    bool sameConnection);
    void notTold(const std::vector<store::Range>& cover, bool sameConnection);
    void save(bool now);
    [[nodiscard]] const store::RangeSet& sent() const { return lanes_ ? lanes_->sent() : sent_; }
    [[nodiscard]] const store::RangeSet& again() const { return lanes_ ? lanes_->again() : again_; }

    DeliveryOptions options_;
    Topics topics_;
    store::Store& store_;
    Clock& clock_;
    Random& random_;
    Log log_;
    Confirmations confirmations_;
    ReceiptExamination examination_;
    GapReports gaps_;
    store::RangeSet sent_;   ///< while there are no lanes
    store::RangeSet again_;  ///< likewise
    bool loaded_ = false;
    std::optional<Lanes> lanes_;
    LaneLimits mostLimits_;  ///< of the present connection
    LaneLimits limits_;      ///< as suspicion leaves them
    Suspicion suspicion_;
    BacklogPace pace_{0, 0};  ///< of the present connection
    Publish publish_;
    std::function<void(Error)> reconnect_;
    std::function<void()> unconfirmedChanged_;
    Timer wake_;
    bool pumping_ = false;
    bool pumpOnceMore_ = false;
    std::size_t others_ = 0;
    std::size_t unsaved_ = 0;
    std::uint32_t refusals_ = 0;
    int lastRefusal_ = 0;
    Reauthentication reauthentication_;
    bool toldUnconfirmed_ = false;
    store::RangeSet missedForGood_;        ///< in the latest receipt
    std::optional<SteadyTime> awaySince_;  ///< while no receipt can come
    std::deque<Replay> replays_;
    std::map<std::string, ResultRoute> routes_;
    std::deque<std::string> routeOrder_;
    /// Known to every callback of the store: a newer number means that its connection is gone.
    std::shared_ptr<std::uint64_t> connection_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace vitalgate::uplink
