use super::*;

const NAMES: &str = r#"{"type": "record", "name": "A", "namespace": "com.acme.x", "fields": []}"#;

#[test]
fn the_package_is_of_whoever_owns_the_schema() {
    let name = Name::new("my-2nd", Language::Rust).unwrap();
    let of = |text: &str| {
        let (namespace, package) = package(&schema::parse(text).unwrap(), &name);
        format!("{namespace}:{package}")
    };
    assert_eq!(of(NAMES), "acme:my2nd");
    assert_eq!(of(&NAMES.replace("com.acme.x", "shop_eu.orders")), "shop-eu:my2nd");
    assert_eq!(of(&NAMES.replace("com.acme.x", "")), "example:my2nd");
    assert_eq!(of(&NAMES.replace("com.acme.x", "millstream")), "millstream-guest:my2nd");
    assert_eq!(of("\"string\""), "example:my2nd");
}
