// Package wit_types has the types of WIT that Go lacks.
package wit_types

// Tags of Option.
const (
	OptionNone uint8 = iota
	OptionSome
)

// Option is a value or none.
type Option[T any] struct {
	some  bool
	value T
}

// None is an Option without a value.
func None[T any]() Option[T] { return Option[T]{} }

// Some is an Option with a value.
func Some[T any](value T) Option[T] { return Option[T]{true, value} }

// Tag is OptionNone or OptionSome.
func (o Option[T]) Tag() uint8 {
	if o.some {
		return OptionSome
	}
	return OptionNone
}

// IsSome tells whether there is a value.
func (o Option[T]) IsSome() bool { return o.some }

// IsNone tells whether there is none.
func (o Option[T]) IsNone() bool { return !o.some }

// Some is the value; without one it panics.
func (o Option[T]) Some() T {
	if !o.some {
		panic("Some of an Option that has no value")
	}
	return o.value
}

// SomeOr is the value, or another where there is none.
func (o Option[T]) SomeOr(other T) T {
	if o.some {
		return o.value
	}
	return other
}

// Tags of Result.
const (
	ResultOk uint8 = iota
	ResultErr
)

// Result is what was wanted, or why it is not there.
type Result[T any, U any] struct {
	failed bool
	ok     T
	err    U
}

// Ok is a Result with what was wanted.
func Ok[T any, U any](value T) Result[T, U] { return Result[T, U]{ok: value} }

// Err is a Result that says why not.
func Err[T any, U any](why U) Result[T, U] { return Result[T, U]{failed: true, err: why} }

// Tag is ResultOk or ResultErr.
func (r Result[T, U]) Tag() uint8 {
	if r.failed {
		return ResultErr
	}
	return ResultOk
}

// IsOk tells whether it has what was wanted.
func (r Result[T, U]) IsOk() bool { return !r.failed }

// IsErr tells whether it says why not.
func (r Result[T, U]) IsErr() bool { return r.failed }

// Ok is what was wanted; it panics where that is not there.
func (r Result[T, U]) Ok() T {
	if r.failed {
		panic("Ok of a Result that is an error")
	}
	return r.ok
}

// Err is why not; it panics where there is no reason.
func (r Result[T, U]) Err() U {
	if !r.failed {
		panic("Err of a Result that is none")
	}
	return r.err
}

// Unit is a value that says nothing.
type Unit struct{}

// Tuple2 is a pair.
type Tuple2[T0 any, T1 any] struct {
	F0 T0
	F1 T1
}
