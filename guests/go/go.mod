module example.com/guests

go 1.26

require go.bytecodealliance.org/pkg v0.2.3

// The bindings' own, with another allocator: see there.
replace go.bytecodealliance.org/pkg => ./tools
