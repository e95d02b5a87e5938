#include "adapters/simulator/user_data.hpp"

namespace vitalgate::simulator {

namespace {

const Uuid kService{0x181c};
const Uuid kControlPoint{0x2a9f};
const Uuid kChangeIncrement{0x2a99};
const Uuid kUserIndex{0x2a9a};

constexpr std::uint8_t kUnknownUser = 0xff;
constexpr std::size_t kIncrementOctets = 4;
/// Without a person's consent (1.8).
constexpr auto kAccessNotPermitted = AttError::applicationRefused;

/// User Control Point (3.2): op codes, and what is answered.
enum Operation : std::uint8_t {
    enrol = 0x01,
    agree = 0x02,
    erase = 0x03,
    list = 0x04,
    eraseOther = 0x05
};
constexpr std::uint8_t kResponse = 0x20;
enum Code : std::uint8_t {
    success = 1,
    operationUnsupported = 2,
    parameterInvalid = 3,
    failed = 4,
    notAuthorised = 5
};
constexpr std::size_t kCodeOctets = 2;
constexpr std::size_t kConsentOctets = 3;

std::uint16_t number(ByteView octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets[at] | octets[at + 1] << 8);
}

Bytes response(std::uint8_t operation, std::uint8_t code) {
    return {kResponse, operation, code};
}

}  // namespace

void UserData::describe(Database& database) {
    database.add(kService, {{kChangeIncrement, {.read = true, .write = true}},
                            {kUserIndex, {.read = true}},
                            {kControlPoint, {.write = true, .indicate = true}}});
}

std::optional<AttResult<Bytes>> UserData::read(const Uuid& characteristic) const {
    if (!isThere()) return std::nullopt;
    if (characteristic == kUserIndex) return Bytes{user_.value_or(kUnknownUser)};
    if (characteristic != kChangeIncrement) return std::nullopt;
    if (!user_) return std::unexpected(kAccessNotPermitted);
    return ByteWriter{}.u32(changes_).bytes();
}

std::optional<AttResult<Answer>> UserData::write(const Uuid& characteristic, ByteView value,
                                                 bool isAnswering) {
    if (!isThere()) return std::nullopt;
    if (characteristic == kControlPoint) return ask(value, isAnswering);
    if (characteristic != kChangeIncrement) return std::nullopt;
    if (!user_) return std::unexpected(kAccessNotPermitted);
    if (value.size() != kIncrementOctets) return std::unexpected(AttError::invalidLength);
    changes_ = static_cast<std::uint32_t>(number(value, 0)) |
               static_cast<std::uint32_t>(number(value, 2)) << 16U;
    return Answer{};
}

AttResult<Answer> UserData::ask(ByteView request, bool isAnswering) {
    if (request.empty()) return std::unexpected(AttError::invalidLength);
    if (isAnswering) return std::unexpected(AttError::procedureInProgress);
    const auto operands = request.subspan(1);
    Answer out;
    switch (request[0]) {
        case enrol:
            out.outputs.push_back({kControlPoint, registerUser(operands)});
            break;
        case agree:
            out.outputs.push_back({kControlPoint, consent(operands)});
            break;
        case erase:
            out.outputs.push_back({kControlPoint, deleteUser()});
            break;
        case list:
            out.outputs.push_back(
                {kControlPoint,
                 {kResponse, list, success, static_cast<std::uint8_t>(codes_.size())}});
            break;
        case eraseOther:
            out.outputs.push_back({kControlPoint, deleteUser(operands)});
            break;
        default:
            out.outputs.push_back({kControlPoint, response(request[0], operationUnsupported)});
    }
    return out;
}

/// The next number behind the last user's.
Bytes UserData::registerUser(ByteView code) {
    if (code.size() != kCodeOctets) return response(enrol, parameterInvalid);
    const auto last = codes_.rbegin()->first;
    if (last + 1 >= kUnknownUser) return response(enrol, failed);
    const auto index = static_cast<std::uint8_t>(last + 1);
    codes_[index] = number(code, 0);
    auto out = response(enrol, success);
    out.push_back(index);
    return out;
}

Bytes UserData::consent(ByteView operands) {
    if (operands.size() != kConsentOctets) return response(agree, parameterInvalid);
    const auto known = codes_.find(operands[0]);
    if (known == codes_.end()) return response(agree, parameterInvalid);
    if (known->second != number(operands, 1)) return response(agree, notAuthorised);
    user_ = operands[0];
    return response(agree, success);
}

Bytes UserData::deleteUser() {
    if (!user_) return response(erase, notAuthorised);
    if (codes_.size() == 1) return response(erase, failed);
    codes_.erase(*user_);
    user_.reset();
    return response(erase, success);
}

Bytes UserData::deleteUser(ByteView index) {
    if (index.size() != 1 || !codes_.contains(index[0])) {
        return response(eraseOther, parameterInvalid);
    }
    if (codes_.size() == 1) return response(eraseOther, failed);
    if (user_ == index[0]) user_.reset();
    codes_.erase(index[0]);
    return {kResponse, eraseOther, success, index[0]};
}

}  // namespace vitalgate::simulator
