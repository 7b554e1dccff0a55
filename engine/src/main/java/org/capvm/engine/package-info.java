/** What a program that embeds CapVM uses. */
package org.capvm.engine;
