//! CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF, nothing reflected), as
//! EMVCo's specification asks (its tag 63, ISO/IEC 13239). It sees every change
//! of up to 16 bits in a row, so of any one byte.

const POLYNOMIAL: u16 = 0x1021;
const START: u16 = 0xFFFF;

/// The checksum of some bytes.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(START, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ POLYNOMIAL }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogue_of_crcs() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        assert_eq!(crc16(b""), 0xFFFF);
        assert_eq!(crc16(b"A"), 0xB915);
    }
}
