#pragma once

#include <string_view>

#include "gateway/config/config.hpp"

namespace vitalgate::config {

/// The words of an enum, with spaces between, in the order of its values.
template <class E>
constexpr std::string_view kWords = "";
template <>
inline constexpr std::string_view kWords<ClockUse> = "set leave";
template <>
inline constexpr std::string_view kWords<RecordUse> = "since-last all none";
template <>
inline constexpr std::string_view kWords<PairingPolicy> = "just-works passkey never";
template <>
inline constexpr std::string_view kWords<Protocol> = "5 3.1.1";
template <>
inline constexpr std::string_view kWords<TlsVersion> = "1.2 1.3";
template <>
inline constexpr std::string_view kWords<Delivery> = "broker receipt";
template <>
inline constexpr std::string_view kWords<CommandSource> = "signed transport-only none";
template <>
inline constexpr std::string_view kWords<DeviceIdentifiers> = "keyed plain";

}  // namespace vitalgate::config
