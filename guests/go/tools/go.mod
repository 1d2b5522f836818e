// What bindings by wit-bindgen import, as far as guests need it.
module go.bytecodealliance.org/pkg

go 1.26
