// Command tiny imports nothing, so that building it for every pair stays cheap.
package main

func main() { println("tiny") }
