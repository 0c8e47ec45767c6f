import { notifications } from "@mantine/notifications";

/** A short word about something that went well; it leaves by itself. */
export function toast(message: string): void {
  notifications.show({ message, withBorder: true, autoClose: 4_000 });
}

/** Why a key did nothing; pressed again while the word still stands, it is not said twice. */
export function toastRefusal(message: string): void {
  notifications.show({ id: message, message, withBorder: true, autoClose: 4_000 });
}

/** A failure stays until it is closed, so that nobody misses it. */
export function toastFailure(message: string): void {
  notifications.show({ message, color: "red", withBorder: true, autoClose: false });
}
