-- Pass through: the cost of reading.
SELECT auction, bidder, price, dateTime, extra FROM bid
