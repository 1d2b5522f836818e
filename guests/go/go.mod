module example.com/guests

go 1.26

// What the bindings of wit-bindgen 0.61.1 import.
require go.bytecodealliance.org/pkg v0.2.3
