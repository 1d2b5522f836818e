// Package runtime is where a guest's memory for the host comes from.
//
// Go's collector does not move anything, so nothing has to be pinned; what the host writes only has to be held on to until
// the guest has taken it over. Then strings and slices point into it and keep it themselves. The host asks for memory some
// times for each record: one large block at a time serves them, and costs a fraction of an object each.
package runtime

import (
	"runtime"
	"unsafe"
)

// Sizes of the first block of a call, and how often it is doubled for further ones. The last string that points into a
// block keeps all of it.
const (
	smallest = 4 << 10
	doubled  = 4
)

var (
	// Set once Go's runtime is ready; before that, its allocator cannot be called.
	ready = false
	// Blocks of the present call.
	blocks [][]uint64
	// Where the next bytes in the last block are, and how many are left.
	next unsafe.Pointer
	left uintptr
)

func init() { ready = true }

//go:linkname sbrk runtime.sbrk
func sbrk(n uintptr) unsafe.Pointer

// The adapter must not call out while this is set: allocating may collect garbage, which reads the clock.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pause(paused bool)

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("the host does not change the size of what it was given")
	}
	if size == 0 {
		// Nothing is written there, and nothing looks at it: not into a block, whose end may be another object's memory.
		return unsafe.Pointer(align)
	}
	if !ready {
		at := uintptr(sbrk(size + align))
		return unsafe.Pointer((at + align - 1) &^ (align - 1))
	}
	skip := -uintptr(next) & (align - 1)
	if skip+size > left {
		grow(size)
		skip = 0
	}
	at := unsafe.Add(next, skip)
	left -= skip + size
	// Go's collector refuses pointers to where a block ends.
	next = nil
	if left > 0 {
		next = unsafe.Add(at, size)
	}
	return at
}

func grow(size uintptr) {
	size = max(size, smallest<<min(len(blocks), doubled))
	pause(true)
	words := make([]uint64, (size+7)/8)
	blocks = append(blocks, words)
	pause(false)
	next, left = unsafe.Pointer(unsafe.SliceData(words)), uintptr(len(words))*8
}

// Unpin lets go of what the host wrote; whatever the guest still uses points into it.
func Unpin() {
	clear(blocks)
	blocks, next, left = blocks[:0], nil, 0
}

// Allocate makes memory for what the guest answers, held until the pinner lets go.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	at := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(at)
	return at
}
