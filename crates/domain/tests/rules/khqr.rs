//! KHQR codes: known answers, what is refused, and that a code reads back as it
//! was written. The known answers were put together by hand, with Python's
//! `binascii.crc_hqx` and `hashlib` for the checksum and the MD5.

use domain::khqr::{
    Account, DEFAULT_MCC, DecodeError, Field, KhqrError, KhqrInput, OtherLanguage, Payee,
    SaleCharge, bill_number, decode, encode, sale_input,
};
use proptest::{option, prelude::*};
use rust_decimal::Decimal;
use schemas::{Currency, TicketId, Timestamp};

use crate::sample::{Bend, LATTE, catalogue, decimal, line, priced};

const CREATED: i64 = 1_770_000_000_000;

fn noodles() -> KhqrInput {
    KhqrInput {
        account: Account::individual("dara@wing"),
        merchant_name: "Dara Noodles".to_owned(),
        merchant_city: "Siem Reap".to_owned(),
        mcc: "5812".to_owned(),
        currency: Currency::Usd,
        amount: None,
        expires_ms: None,
        bill_number: None,
        mobile_number: None,
        store_label: None,
        terminal_label: None,
        purpose: None,
        other_language: None,
        upi: None,
    }
}

fn lunch() -> KhqrInput {
    KhqrInput {
        account: Account::Individual {
            account_id: "dara@wing".to_owned(),
            account_information: Some("85512000111".to_owned()),
            acquiring_bank: Some("Wing Bank".to_owned()),
        },
        amount: Some(decimal("3.00")),
        expires_ms: Some(CREATED + 180_000),
        bill_number: Some("B-7".to_owned()),
        purpose: Some("Lunch".to_owned()),
        ..noodles()
    }
}

fn river() -> KhqrInput {
    KhqrInput {
        account: Account::Merchant {
            account_id: "river@abaa".to_owned(),
            merchant_id: "M-0042".to_owned(),
            acquiring_bank: "ABA Bank".to_owned(),
        },
        merchant_name: "River 🌊 Café".to_owned(),
        merchant_city: "Kampot".to_owned(),
        mcc: "5814".to_owned(),
        currency: Currency::Khr,
        amount: Some(decimal("14400")),
        expires_ms: Some(CREATED + 1),
        other_language: Some(OtherLanguage {
            language: "km".to_owned(),
            name: "ទន្លេ".to_owned(),
            city: None,
        }),
        upi: Some("0001034400010344ABCDEFGHIJKLMNO".to_owned()),
        ..noodles()
    }
}

#[test]
fn codes_are_the_known_ones() {
    for (input, payload, md5) in [
        (
            noodles(),
            "00020101021129130009dara@wing5204581253038405802KH5912Dara Noodles\
             6009Siem Reap6304A569",
            "97b8cfd095514fdeed2243b0442ef481",
        ),
        (
            lunch(),
            "00020101021229410009dara@wing0111855120001110209Wing Bank52045812530384054013\
             5802KH5912Dara Noodles6009Siem Reap62160103B-70805Lunch\
             993400131770000000000011317700001800006304C288",
            "0c0cd5d204bcc4a68755ad27097d2404",
        ),
        (
            river(),
            "00020101021215310001034400010344ABCDEFGHIJKLMNO\
             30360010river@abaa0106M-00420208ABA Bank5204581453031165405144005802KH\
             5913River 🌊 Café6006Kampot64150002km0105ទន្លេ\
             99340013177000000000001131770000000001630443FB",
            "6e07bcd97edf49ad5dd1c1b43f8963b6",
        ),
    ] {
        let code = encode(&input, CREATED).unwrap();
        assert_eq!(code.payload, payload);
        assert_eq!(code.md5, md5);
        let decoded = decode(code.payload.as_bytes()).unwrap();
        assert_eq!(decoded.input, input);
        assert_eq!(decoded.created_ms, input.amount.map(|_| CREATED));
    }
}

#[test]
fn a_static_code_does_not_depend_on_the_clock() {
    assert_eq!(encode(&noodles(), CREATED), encode(&noodles(), -1));
    assert_ne!(encode(&lunch(), CREATED), encode(&lunch(), CREATED + 1));
}

#[test]
fn amounts_are_written_as_the_currency_has_coins() {
    for (amount, currency, text) in [
        ("3", Currency::Usd, "54013"),
        ("2.5", Currency::Usd, "54042.50"),
        ("2.500", Currency::Usd, "54042.50"),
        ("0.01", Currency::Usd, "54040.01"),
        ("9999999999.99", Currency::Usd, "54139999999999.99"),
        ("4100.0", Currency::Khr, "54044100"),
        ("9999999999999", Currency::Khr, "54139999999999999"),
    ] {
        let input = KhqrInput { amount: Some(decimal(amount)), currency, ..lunch() };
        let code = encode(&input, CREATED).unwrap();
        assert!(code.payload.contains(&format!("{text}5802KH")), "{amount}: {}", code.payload);
    }
    for (amount, currency) in [
        ("0", Currency::Usd),
        ("-0.01", Currency::Usd),
        ("0.001", Currency::Usd),
        ("10000000000.00", Currency::Usd),
        ("79228162514264337593543950335", Currency::Usd),
        ("0", Currency::Khr),
        ("0.5", Currency::Khr),
        ("-100", Currency::Khr),
        ("10000000000000", Currency::Khr),
    ] {
        let input = KhqrInput { amount: Some(decimal(amount)), currency, ..lunch() };
        let refused = encode(&input, CREATED).unwrap_err();
        assert!(matches!(refused, KhqrError::BadAmount { .. }), "{amount}: {refused}");
        assert_eq!(refused.field(), Field::Amount);
    }
}

#[test]
fn a_field_that_will_not_do_is_named() {
    let long = |units: usize| "x".repeat(units);
    let bends: [(&str, Field, Bend<KhqrInput>); 19] = [
        ("no name", Field::MerchantName, |i| i.merchant_name.clear()),
        ("name 26", Field::MerchantName, |i| i.merchant_name = "x".repeat(26)),
        // 24 characters, 26 UTF-16 units.
        ("name of surrogates", Field::MerchantName, |i| {
            i.merchant_name = format!("{}😀😀", "x".repeat(22));
        }),
        ("line break", Field::MerchantName, |i| i.merchant_name = "a\nb".to_owned()),
        ("city 16", Field::MerchantCity, |i| i.merchant_city = "x".repeat(16)),
        ("no bank in the id", Field::AccountId, |i| i.account = Account::individual("dara")),
        ("two banks", Field::AccountId, |i| i.account = Account::individual("a@b@c")),
        ("no name in the id", Field::AccountId, |i| i.account = Account::individual("@wing")),
        ("blank in the id", Field::AccountId, |i| i.account = Account::individual("da ra@wing")),
        ("empty id", Field::AccountId, |i| i.account = Account::individual("")),
        ("short category", Field::Mcc, |i| i.mcc = "581".to_owned()),
        ("bill 26", Field::BillNumber, |i| i.bill_number = Some("x".repeat(26))),
        ("empty bill", Field::BillNumber, |i| i.bill_number = Some(String::new())),
        ("mobile 26", Field::MobileNumber, |i| i.mobile_number = Some("1".repeat(26))),
        ("language 3", Field::Language, |i| {
            i.other_language = Some(OtherLanguage {
                language: "khm".to_owned(),
                name: "x".to_owned(),
                city: None,
            });
        }),
        ("no expiry", Field::ExpiresMs, |i| i.expires_ms = None),
        ("no amount", Field::ExpiresMs, |i| i.amount = None),
        ("at once", Field::ExpiresMs, |i| i.expires_ms = Some(CREATED)),
        ("microseconds", Field::ExpiresMs, |i| i.expires_ms = Some(CREATED * 1_000)),
    ];
    for (what, field, bend) in bends {
        let mut input = lunch();
        bend(&mut input);
        let refused = encode(&input, CREATED).unwrap_err();
        assert_eq!(refused.field(), field, "{what}: {refused}");
        assert!(refused.to_string().contains(field.name()), "{what}: {refused}");
    }
    // Each fits, all together do not.
    let crowded = KhqrInput {
        bill_number: Some(long(25)),
        mobile_number: Some(long(25)),
        store_label: Some(long(25)),
        terminal_label: Some(long(9)),
        purpose: None,
        ..lunch()
    };
    let refused = KhqrError::TooLong { field: Field::AdditionalData, units: 100, most: 99 };
    assert_eq!(encode(&crowded, CREATED), Err(refused));
    let full = KhqrInput { terminal_label: Some(long(8)), ..crowded };
    assert!(encode(&full, CREATED).unwrap().payload.contains("62990125"));
    let refused = encode(&lunch(), CREATED / 1_000).unwrap_err();
    assert_eq!(refused.field(), Field::CreatedMs);
}

#[test]
fn what_we_do_not_write_is_not_read() {
    let payload = encode(&lunch(), CREATED).unwrap().payload;
    let body = &payload[..payload.len() - 8];
    let read = |body: String| decode(signed(&body).as_bytes());
    assert!(read(body.to_owned()).is_ok());
    assert_eq!(read(format!("{body}9901x")), Err(DecodeError::Foreign));
    assert_eq!(read(body.replace("54013", "54043.00")), Err(DecodeError::Foreign));
    assert_eq!(read(body.replace("010212", "010211")), Err(DecodeError::Foreign));
    assert_eq!(read(body.replace("5802KH", "5802VN")), Err(DecodeError::Foreign));
    let missing = DecodeError::Missing { tag: "59" };
    assert_eq!(read(body.replace("5912Dara Noodles", "")), Err(missing));
    let refused = read(body.replace("52045812", "5204581x")).unwrap_err();
    assert_eq!(refused, DecodeError::Refused(KhqrError::NotACategory));
    assert!(matches!(read(body.replace("5303840", "5303764")), Err(DecodeError::BadValue { .. })));
    assert!(matches!(read(body.replace("5912Dara", "5999Dara")), Err(DecodeError::Tlv(_))));
    for nothing in [&b""[..], b"6304", b"63041D0F", b"\xff\xff\xff\xff\xff\xff\xff\xff"] {
        assert!(decode(nothing).is_err(), "{nothing:?}");
    }
}

/// The body with its checksum, reckoned another way than the code under test: bit
/// by bit, as a polynomial division with the register after the message.
fn signed(body: &str) -> String {
    let text = format!("{body}6304");
    let mut register: u32 = 0xFFFF;
    for byte in text.bytes() {
        for bit in (0..8).rev() {
            let carry = (register >> 15) & 1 ^ (u32::from(byte) >> bit) & 1;
            register = (register << 1 & 0xFFFF) ^ if carry == 1 { 0x1021 } else { 0 };
        }
    }
    format!("{text}{register:04X}")
}

#[test]
fn a_sale_makes_its_own_code() {
    // 3.50 dollars, 14,350 riel, 14,400 payable.
    let totals = priced(catalogue(), vec![line(LATTE, &[], 1)]).totals;
    let ticket_id = TicketId::parse("pos-1795230058496-0f4f4094a1a12b1da9a5").unwrap();
    let payee = Payee {
        account: Account::individual("dara@wing"),
        merchant_name: "Dara Noodles".to_owned(),
        merchant_city: "Siem Reap".to_owned(),
        mcc: DEFAULT_MCC.to_owned(),
        store_label: Some("BKK1".to_owned()),
        other_language: None,
    };
    for (currency, amount) in [(Currency::Khr, "54051440058"), (Currency::Usd, "54043.5058")] {
        let charge = SaleCharge {
            totals: &totals,
            ticket_id: &ticket_id,
            currency,
            terminal_label: Some("POS-01"),
            expires_at: Timestamp::from_unix_micros((CREATED + 300_000) * 1_000 + 999),
        };
        let input = sale_input(&payee, &charge);
        assert_eq!(input.bill_number.as_deref(), Some("b8321eec37a1-a1a12b1da9a5"));
        assert_eq!(input.expires_ms, Some(CREATED + 300_000));
        let code = encode(&input, CREATED).unwrap();
        assert!(code.payload.contains(amount), "{}", code.payload);
        assert!(code.payload.contains("62470125b8321eec37a1-a1a12b1da9a50304BKK10706POS-0199"));
    }
}

#[test]
fn short_tickets_are_their_own_bill_number() {
    let bill = |ticket: &str| bill_number(&TicketId::parse(ticket).unwrap());
    let fits = "A".repeat(25);
    assert_eq!(bill("INV-000002"), "INV-000002");
    assert_eq!(bill(&fits), fits);
    for length in [26, 38, 128] {
        // Same ends, same beginnings: the hash tells them apart.
        let (one, other) = ("A".repeat(length), "B".to_owned() + &"A".repeat(length - 1));
        assert_eq!(bill(&one).len(), 25);
        assert_eq!(bill(&one), bill(&one));
        assert_ne!(bill(&one), bill(&other));
    }
}

/// Text of 1 to `most` UTF-16 units, in several scripts.
fn text(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            4 => any::<char>(),
            4 => proptest::char::range(' ', '~'),
            2 => proptest::char::range('ក', 'ឳ'),
        ]
        .prop_filter("control characters are refused", |c| !c.is_control()),
        1..=most,
    )
    .prop_map(move |characters| {
        let mut units = 0;
        let fits = |c: &char| {
            units += c.len_utf16();
            units <= most
        };
        characters.into_iter().take_while(fits).collect()
    })
    .prop_filter("nothing is left", |text: &String| !text.is_empty())
}

fn account() -> impl Strategy<Value = Account> {
    // Short enough that the three together fit one object.
    prop_oneof![
        ("[a-z0-9_]{1,12}@[a-z]{4}", option::of(text(32)), option::of(text(32))).prop_map(
            |(account_id, account_information, acquiring_bank)| Account::Individual {
                account_id,
                account_information,
                acquiring_bank,
            }
        ),
        ("[a-z0-9_]{1,12}@[a-z]{4}", text(32), text(32)).prop_map(
            |(account_id, merchant_id, acquiring_bank)| Account::Merchant {
                account_id,
                merchant_id,
                acquiring_bank,
            }
        ),
    ]
}

fn charge() -> impl Strategy<Value = (Currency, Option<Decimal>, Option<i64>)> {
    let riel = (1..=9_999_999_999_999_i64).prop_map(|riel| (Currency::Khr, Decimal::from(riel)));
    let cents = (1..=999_999_999_999_i64).prop_map(|cents| (Currency::Usd, Decimal::new(cents, 2)));
    let amount = prop_oneof![riel, cents];
    prop_oneof![
        1 => prop_oneof![Just(Currency::Khr), Just(Currency::Usd)].prop_map(|c| (c, None, None)),
        4 => (amount, 1..=86_400_000_i64)
            .prop_map(|((c, amount), ms)| (c, Some(amount), Some(CREATED + ms))),
    ]
}

prop_compose! {
    fn inputs()(
        account in account(),
        (currency, amount, expires_ms) in charge(),
        merchant_name in text(25),
        merchant_city in text(15),
        mcc in "[0-9]{4}",
        // Together with their heads at most 99.
        bill_number in option::of(text(25)),
        mobile_number in option::of(text(10)),
        store_label in option::of(text(20)),
        terminal_label in option::of(text(10)),
        purpose in option::of(text(14)),
        other_language in option::of((text(2), text(25), option::of(text(15)))
            .prop_map(|(language, name, city)| OtherLanguage { language, name, city })),
        upi in option::of(text(99)),
    ) -> KhqrInput {
        KhqrInput {
            account, merchant_name, merchant_city, mcc, currency, amount, expires_ms, bill_number,
            mobile_number, store_label, terminal_label, purpose, other_language,
            upi: upi.filter(|_| currency == Currency::Khr),
        }
    }
}

proptest! {
    #[test]
    fn a_code_reads_back_as_it_was_written(input in inputs()) {
        let code = encode(&input, CREATED).unwrap();
        let decoded = decode(code.payload.as_bytes()).unwrap();
        prop_assert_eq!(decoded.created_ms, input.amount.map(|_| CREATED));
        prop_assert_eq!(decoded.input, input);
    }

    #[test]
    fn any_changed_byte_is_refused_by_the_checksum(input in inputs(), at: prop::sample::Index, bits in 1..=255_u8) {
        let mut bytes = encode(&input, CREATED).unwrap().payload.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        prop_assert_eq!(decode(&bytes), Err(DecodeError::Crc));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, body in "[0-9]{0,40}") {
        let _ = decode(&bytes);
        let _ = decode(signed(&body).as_bytes());
    }
}
