#pragma once

#include <map>
#include <string>

#include "gateway/runtime/time_zone.hpp"
#include "vitalgate/v1/command.pb.h"
#include "vitalgate/v1/event.pb.h"
#include "vitalgate/v1/hub.pb.h"
#include "vitalgate/v1/reading.pb.h"

namespace vitalgate::cli {

/// Names for people, from the local configuration; what is not in it is shown by its id.
struct Labels {
    std::map<std::string, std::string> devices;
    std::map<std::string, std::string> people;
};

/// One line for each thing that comes from a hub, as a person likes to read it: when, which device,
/// what, whose, the values with the device's own digits, remarks. Times are those of `zone`; how
/// they were found stands in brackets if it was not the device's own. Pure: the same message always
/// gives the same line.
class Formatter {
  public:
    Formatter(Labels labels, TimeZone zone);

    [[nodiscard]] std::string header() const;
    [[nodiscard]] std::string reading(const v1::Reading& reading) const;
    [[nodiscard]] std::string event(const v1::Event& event) const;
    [[nodiscard]] std::string result(const v1::CommandResult& result) const;
    [[nodiscard]] std::string status(const v1::HubStatus& status) const;

  private:
    struct Row {
        std::string time;
        std::string device;
        std::string what;
        std::string person;
        std::string values;
        std::string remarks;
    };
    [[nodiscard]] std::string line(const Row& row) const;
    [[nodiscard]] std::string dateTime(WallTime time) const;
    [[nodiscard]] std::string time(WallTime time) const;
    [[nodiscard]] std::string measured(const v1::Reading& reading) const;
    [[nodiscard]] std::string device(const std::string& id) const;
    [[nodiscard]] std::string person(const std::string& id) const;

    Labels labels_;
    TimeZone zone_;
    int deviceWidth_ = 0;
    int personWidth_ = 0;
};

}  // namespace vitalgate::cli
