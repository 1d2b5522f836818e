// Command types is the module that is made into the component: it has the exports, and no main of its own.
package main

import _ "example.com/guests/types/bindings/wit_exports"

func main() {}
