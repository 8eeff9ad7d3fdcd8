/** What a test card does. @see https://docs.stripe.com/testing */
export type CardBehaviour =
  | { readonly kind: 'succeeds' }
  | { readonly kind: 'declines'; readonly code: string; readonly declineCode: string | null }
  /** Authentication decides; `bank` is what happens after it was completed. */
  | { readonly kind: 'authenticates'; readonly bank: 'succeeds' | 'declines' };

export interface TestCard {
  readonly brand: string;
  readonly last4: string;
  readonly behaviour: CardBehaviour;
}

const succeeds = (brand: string, last4: string): TestCard => ({
  brand,
  last4,
  behaviour: { kind: 'succeeds' },
});
const declines = (last4: string, code: string, declineCode: string | null = null): TestCard => ({
  brand: 'visa',
  last4,
  behaviour: { kind: 'declines', code, declineCode },
});
const authenticates = (last4: string, bank: 'succeeds' | 'declines' = 'succeeds'): TestCard => ({
  brand: 'visa',
  last4,
  behaviour: { kind: 'authenticates', bank },
});

const genericDecline = declines('0002', 'card_declined', 'generic_decline');
const insufficientFunds = declines('9995', 'card_declined', 'insufficient_funds');
const expired = declines('0069', 'expired_card', 'expired_card');
const incorrectCvc = declines('0127', 'incorrect_cvc', 'incorrect_cvc');
const processingError = declines('0119', 'processing_error', 'processing_error');

/** Payment methods that exist in every test account, under Stripe's names for them. */
const TEST_CARDS: Readonly<Record<string, TestCard>> = {
  pm_card_visa: succeeds('visa', '4242'),
  pm_card_visa_debit: succeeds('visa', '5556'),
  pm_card_mastercard: succeeds('mastercard', '4444'),
  pm_card_mastercard_debit: succeeds('mastercard', '8210'),
  pm_card_amex: succeeds('amex', '8431'),
  pm_card_discover: succeeds('discover', '1117'),
  pm_card_us: succeeds('visa', '4242'),
  // Their refunds end later: POST /sandbox/refunds/{id} says how.
  pm_card_pendingRefund: succeeds('visa', '7726'),
  pm_card_refundFail: succeeds('visa', '5126'),
  pm_card_es: succeeds('visa', '0007'),
  pm_card_visa_chargeDeclined: genericDecline,
  pm_card_chargeDeclined: genericDecline,
  pm_card_visa_chargeDeclinedInsufficientFunds: insufficientFunds,
  pm_card_chargeDeclinedInsufficientFunds: insufficientFunds,
  pm_card_visa_chargeDeclinedLostCard: declines('9987', 'card_declined', 'lost_card'),
  pm_card_visa_chargeDeclinedStolenCard: declines('9979', 'card_declined', 'stolen_card'),
  pm_card_chargeDeclinedFraudulent: declines('0019', 'card_declined', 'fraudulent'),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: declines(
    '6975',
    'card_declined',
    'card_velocity_exceeded',
  ),
  pm_card_visa_chargeDeclinedExpiredCard: expired,
  pm_card_chargeDeclinedExpiredCard: expired,
  pm_card_visa_chargeDeclinedIncorrectCvc: incorrectCvc,
  pm_card_chargeDeclinedIncorrectCvc: incorrectCvc,
  pm_card_visa_chargeDeclinedProcessingError: processingError,
  pm_card_chargeDeclinedProcessingError: processingError,
  pm_card_chargeCustomerFail: declines('0341', 'card_declined', 'generic_decline'),
  pm_card_threeDSecure2Required: authenticates('3220'),
  pm_card_threeDSecureRequired: authenticates('3063'),
  pm_card_authenticationRequired: authenticates('3184'),
  pm_card_authenticationRequiredOnSetup: authenticates('3155'),
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: authenticates('8260', 'declines'),
  pm_card_threeDSecureRequiredChargeDeclined: authenticates('1629', 'declines'),
};

export function findTestCard(name: string): TestCard | undefined {
  return Object.hasOwn(TEST_CARDS, name) ? TEST_CARDS[name] : undefined;
}

/** The text that Stripe gives the cardholder for a code. */
export const DECLINE_MESSAGES: Readonly<Record<string, string>> = {
  card_declined: 'Your card was declined.',
  insufficient_funds: 'Your card has insufficient funds.',
  expired_card: 'Your card has expired.',
  incorrect_cvc: "Your card's security code is incorrect.",
  processing_error: 'An error occurred while processing your card. Try again in a little bit.',
  payment_intent_authentication_failure:
    'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
};
