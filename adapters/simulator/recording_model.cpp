#include "adapters/simulator/recording_model.hpp"

namespace vitalgate::simulator {

RecordingModel::RecordingModel(const RecordSettings& settings, RecordAccess::Operators operators,
                               std::size_t together)
    : settings_(settings), access_(store_, settings.faults, operators, together) {}

AttResult<Answer> RecordingModel::write(const Uuid& characteristic, ByteView value,
                                        const Request& request) {
    const bool isAccess = keeps() && characteristic == RecordAccess::kControlPoint;
    if (!isAccess) return Model::write(characteristic, value, request);
    return access_.write(value, request.isAnswering);
}

void RecordingModel::addAccess(std::vector<Characteristic>& characteristics) const {
    if (keeps()) characteristics.push_back(RecordAccess::characteristic());
}

Outputs RecordingModel::atOnce(Outputs outputs) const {
    return !keeps() || settings_.live ? std::move(outputs) : Outputs{};
}

}  // namespace vitalgate::simulator
