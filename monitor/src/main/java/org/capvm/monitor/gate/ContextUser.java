package org.capvm.monitor.gate;

/** Who a context block belongs to. */
sealed interface ContextUser permits GuestThread, LentContext {}
