"""What a payload of a device says, read once more and apart from the hub's decoders."""
import math


def sfloat(octets):
    raw = int.from_bytes(octets, "little")
    mantissa, exponent = raw & 0xFFF, raw >> 12
    if mantissa in (0x7FE, 0x7FF, 0x800, 0x801, 0x802):
        return math.nan
    return (mantissa - (mantissa >> 11 << 12)) * 10.0 ** (exponent - (exponent >> 3 << 4))


def float32(octets):
    mantissa = int.from_bytes(octets[:3], "little", signed=True)
    return mantissa * 10.0 ** int.from_bytes(octets[3:4], "little", signed=True)


def blood_pressure(octets):
    flags = octets[0]
    values = {name: sfloat(octets[at:at + 2]) for name, at in (
        ("MDC_PRESS_BLD_NONINV_SYS", 1), ("MDC_PRESS_BLD_NONINV_DIA", 3), ("MDC_PRESS_BLD_NONINV_MEAN", 5))}
    if flags & 4:
        at = 7 + (7 if flags & 2 else 0)
        values["MDC_PULS_RATE_NON_INV"] = sfloat(octets[at:at + 2])
    return values


def temperature(octets):
    return {"MDC_TEMP_BODY": float32(octets[1:5])}


def heart_rate(octets):
    return {"MDC_ECG_HEART_RATE": int.from_bytes(octets[1:3 if octets[0] & 1 else 2], "little")}


def weight(octets):
    return {"MDC_MASS_BODY_ACTUAL": int.from_bytes(octets[1:3], "little") * (0.01 if octets[0] & 1 else 0.005)}


def glucose(octets):
    if not octets[0] & 2:
        return {}
    at = 10 + (2 if octets[0] & 1 else 0)
    scale = 1e3 if octets[0] & 4 else 1e5  # mol/L as mmol/L, kg/L as mg/dL
    return {"MDC_CONC_GLU_": sfloat(octets[at:at + 2]) * scale}


def continuous_glucose(octets):
    return {"MDC_CONC_GLU_ISF": sfloat(octets[2:4])}


READERS = {"2A35": blood_pressure, "2A1C": temperature, "2A37": heart_rate, "2A9D": weight, "2A18": glucose,
           "2AA7": continuous_glucose}


def wrong_values(reading):
    """Sentences about observations that are not what the first payload says."""
    raw = reading.source.raw[0]
    expected = READERS[raw.characteristic](raw.value) if raw.characteristic in READERS else {}
    for code, value in expected.items():
        found = [o.reported.value if o.HasField("reported") else o.value
                 for o in reading.observations if o.code.startswith(code) and o.HasField("value")]
        if not math.isnan(value) and not any(math.isclose(value, one, rel_tol=1e-9) for one in found):
            yield f"{code} is {found}, the device said {value}"
