#pragma once

#include "adapters/simulator/model.hpp"
#include "adapters/simulator/record_access.hpp"

namespace vitalgate::simulator {

/// A model whose device can keep what it measures: its store, and the control point that gives it
/// out. Without `records.kept` it has neither.
class RecordingModel : public Model {
  public:
    AttResult<Answer> write(const Uuid& characteristic, ByteView value,
                            const Request& request) override;
    RecordStore* records() override { return keeps() ? &store_ : nullptr; }

  protected:
    RecordingModel(const RecordSettings& settings, RecordAccess::Operators operators,
                   std::size_t together = 1);

    [[nodiscard]] bool keeps() const { return settings_.kept; }
    [[nodiscard]] RecordStore& store() { return store_; }
    /// The control point, if there is one, stands behind what the service has of its own.
    void addAccess(std::vector<Characteristic>& characteristics) const;
    /// What of a measurement goes out by itself: nothing where a record is only given on request.
    [[nodiscard]] Outputs atOnce(Outputs outputs) const;

  private:
    RecordSettings settings_;
    RecordStore store_;
    RecordAccess access_;
};

}  // namespace vitalgate::simulator
